package profile

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

var outer, inner = Work{Name: "outer", Family: "a"}, Work{Name: "inner", Family: "b", FLOPs: 3000, Bytes: 500, Operators: "Gemm"}

// pass keeps the clock's owner busy until it has moved on.
func pass() {
	for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
	}
}

func TestNoRecorderCostsNothing(t *testing.T) {
	ctx := context.WithValue(t.Context(), struct{ other bool }{}, 1)
	if n := testing.AllocsPerRun(100, func() {
		r := From(ctx)
		lane := r.Enter()
		s := r.Begin(lane, &outer)
		s.End()
		r.Leave(lane)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestASpanCountsWhatOthersWithinItDoNot(t *testing.T) {
	r := New()
	whole := r.Begin(Main, &outer)
	for range 2 {
		pass()
		s := r.Begin(Main, &inner)
		pass()
		s.End()
		s.End() // once is enough
	}
	whole.End()
	totals := map[string]Total{}
	sum := time.Duration(0)
	for _, total := range r.Totals() {
		totals[total.Family] = total
		sum += total.Time
	}
	all := r.spans[len(r.spans)-1]
	if sum != all.to-all.from {
		t.Errorf("families add up to %v, and all took %v", sum, all.to-all.from)
	}
	if a, b := totals["a"], totals["b"]; a.Calls != 1 || b.Calls != 2 || b.FLOPs != 6000 || b.Bytes != 1000 || a.Time < 200*time.Microsecond || b.Time < 200*time.Microsecond {
		t.Errorf("%+v %+v", a, b)
	}
	var text strings.Builder
	if err := r.WriteTable(&text); err != nil || strings.Count(text.String(), "\n") != 3 || !strings.Contains(text.String(), "GFLOP/s") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

func TestRunsAtOnceHaveLanesOfTheirOwn(t *testing.T) {
	r := New()
	if a, b := r.Enter(), r.Enter(); a != Main || b != 1 {
		t.Errorf("lanes %d and %d", a, b)
	}
	r.Leave(Main)
	if a, b := r.Enter(), r.Enter(); a != Main || b != 2 {
		t.Errorf("then lanes %d and %d", a, b)
	}
	var done [8]chan bool
	for i := range done {
		done[i] = make(chan bool)
		go func() {
			for range 200 {
				lane := r.Enter()
				a := r.Begin(lane, &outer)
				b := r.Begin(lane, &inner)
				b.End()
				a.End()
				r.Leave(lane)
			}
			close(done[i])
		}()
	}
	for _, d := range done {
		<-d
	}
	last := map[int]time.Duration{} // the end of what came before on each lane
	spans := slices.DeleteFunc(slices.Clone(r.spans), func(s span) bool { return s.work == &inner })
	slices.SortFunc(spans, func(a, b span) int { return int(a.from - b.from) })
	for _, s := range spans {
		if s.from < last[s.lane] {
			t.Fatalf("two runs at once on lane %d", s.lane)
		}
		last[s.lane] = s.to
	}
	if len(spans) != 1600 {
		t.Errorf("%d spans", len(spans))
	}
}

func TestTheTraceIsOneOfTheFormat(t *testing.T) {
	r := New()
	a := r.Begin(Main, &outer)
	b := r.Begin(Main, &inner)
	pass()
	b.End()
	a.End()
	r.Begin(Main, &outer) // has not ended, and is not there
	var text strings.Builder
	if err := r.WriteTrace(&text); err != nil {
		t.Fatal(err)
	}
	var trace struct {
		Events []struct {
			Name, Ph string
			TS, Dur  float64
			PID, TID *int
			Args     map[string]any
		} `json:"traceEvents"`
		Unit string `json:"displayTimeUnit"`
	}
	if err := json.Unmarshal([]byte(text.String()), &trace); err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	events := trace.Events[2:] // after the names of the process and of the lane
	if trace.Unit != "ms" || len(events) != 2 || events[0].Name != "inner" || events[1].Name != "outer" {
		t.Fatalf("%s", text.String())
	}
	in, out := events[0], events[1]
	if in.Ph != "X" || in.PID == nil || in.TID == nil || in.TS < out.TS || in.TS+in.Dur > out.TS+out.Dur+1e-3 || in.Dur < 100 {
		t.Errorf("the inner span is not within the outer:\n%s", text.String())
	}
	rate, _ := in.Args["GFLOP/s"].(float64)
	if want := 3000 / (1e3 * in.Dur); in.Args["operators"] != "Gemm" || in.Args["flops"] != 3000. || rate < want-0.01 || rate > want+0.01 {
		t.Errorf("args %v, want %v GFLOP/s", in.Args, want)
	}
}

func TestALongRunKeepsTheFirstSpansAndCountsAll(t *testing.T) {
	r := New()
	r.most = 10
	for range 15 {
		r.Begin(Main, &inner).End()
	}
	var text strings.Builder
	if err := r.WriteTrace(&text); err != nil {
		t.Fatal(err)
	}
	if got := r.Totals()[0].Calls; got != 15 || !strings.Contains(text.String(), `"spans_left_out":5`) {
		t.Errorf("%d counted; %.200s", got, text.String())
	}
}
