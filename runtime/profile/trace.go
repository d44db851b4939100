package profile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
)

// event is an entry of the Trace Event Format: times in microseconds.
type event struct {
	Name     string   `json:"name"`
	Category string   `json:"cat,omitempty"`
	Phase    string   `json:"ph"` // X: a span with its duration; M: a name
	Start    float64  `json:"ts"`
	Duration *float64 `json:"dur,omitempty"`
	Process  int      `json:"pid"`
	Thread   int      `json:"tid"`
	Args     any      `json:"args,omitempty"`
}

// args are what a span says of its work.
type args struct {
	Operators string  `json:"operators,omitempty"`
	In        string  `json:"in,omitempty"`
	Out       string  `json:"out,omitempty"`
	FLOPs     int     `json:"flops,omitempty"`
	Bytes     int     `json:"bytes,omitempty"`
	GFLOPS    float64 `json:"GFLOP/s,omitempty"`
	GBS       float64 `json:"GB/s,omitempty"`
}

type name struct {
	Name string `json:"name"`
}

// WriteTrace writes the spans that have ended as a JSON object in the Trace Event Format, which chrome://tracing and
// https://ui.perfetto.dev open.
func (r *Recorder) WriteTrace(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `{"displayTimeUnit":"ms","otherData":{"started":%q,"spans_left_out":%d},"traceEvents":[`, r.start.UTC().Format(time.RFC3339Nano), r.dropped)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(event{Name: "process_name", Phase: "M", Process: 1, Args: name{"elbo"}}); err != nil {
		return err
	}
	put := func(e event) error {
		b.WriteByte(',')
		return enc.Encode(e)
	}
	for i := range r.lanes {
		label := "main"
		if i != Main {
			label = fmt.Sprintf("run %d at once", i+1)
		}
		if err := put(event{Name: "thread_name", Phase: "M", Process: 1, Thread: i + 1, Args: name{label}}); err != nil {
			return err
		}
	}
	for _, s := range r.spans {
		duration := micros(s.to - s.from)
		e := event{Name: s.work.Name, Category: s.work.Category, Phase: "X", Start: micros(s.from), Duration: &duration, Process: 1, Thread: s.lane + 1}
		if a := argsOf(s); a != (args{}) {
			e.Args = a
		}
		if err := put(e); err != nil {
			return err
		}
	}
	b.WriteString("]}\n")
	return b.Flush()
}

func argsOf(s span) args {
	w := s.work
	a := args{Operators: w.Operators, In: w.In, Out: w.Out, FLOPs: w.FLOPs, Bytes: w.Bytes}
	if ns := float64((s.to - s.from).Nanoseconds()); ns > 0 {
		a.GFLOPS, a.GBS = hundredths(float64(w.FLOPs)/ns), hundredths(float64(w.Bytes)/ns)
	}
	return a
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

func hundredths(x float64) float64 { return math.Round(100*x) / 100 }
