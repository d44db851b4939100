// Package profile records what a run spends its time on, as spans within spans, and writes them as a trace that
// chrome://tracing and Perfetto show, and as a table.
//
// A recorder travels in a context, so that whatever runs in it can be recorded: the engines record their runs and the
// native engine its steps, the trainer its phases. Where there is none, all that is left of it is a comparison with nil.
package profile

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Work is what a span is about. Spans of the same work share it.
type Work struct {
	// Name is what a person reads in the trace; Family is the row of the table that the time counts for.
	Name, Family string
	// Category is the part of elbo that does it: native, onnxruntime, models, train or elbo.
	Category string
	// Operators, In and Out are the operators in order, and the operands and results with their shapes.
	Operators, In, Out string
	// FLOPs and Bytes are the arithmetic, and the bytes that are read and written, each once; see graph.Cost.
	FLOPs, Bytes int
}

// Main is the lane of the goroutine that everything else happens on behalf of.
const Main = 0

// maxSpans bounds the spans that are kept for the trace: the first ones. The table counts all.
const maxSpans = 1 << 18

// Recorder records spans. It is safe for concurrent use. All methods of a nil Recorder do nothing.
type Recorder struct {
	start time.Time

	mu      sync.Mutex
	spans   []span
	most    int // spans to keep
	dropped int
	lanes   []lane
	totals  map[string]*Total
}

// span is one that has ended.
type span struct {
	work     *Work
	lane     int
	from, to time.Duration // since the recorder's start
}

// lane is a row of the trace, on which spans lie within one another.
type lane struct {
	running bool // taken by a run
	open    []*open
}

type open struct {
	work     *Work
	from     time.Duration
	children time.Duration // taken by spans within
}

// New is a recorder whose time starts now.
func New() *Recorder {
	return &Recorder{start: time.Now(), most: maxSpans, totals: map[string]*Total{}, lanes: make([]lane, 1)}
}

type key struct{}

// With is ctx with r, for all that runs in it.
func With(ctx context.Context, r *Recorder) context.Context { return context.WithValue(ctx, key{}, r) }

// From is the recorder of ctx, or nil.
func From(ctx context.Context) *Recorder {
	r, _ := ctx.Value(key{}).(*Recorder)
	return r
}

// Span is something that has begun on a lane. The zero Span is that of no recorder.
type Span struct {
	r    *Recorder
	lane int
	open *open
}

// Begin begins a span on a lane: Main, or one that Enter gave.
func (r *Recorder) Begin(lane int, w *Work) Span {
	if r == nil {
		return Span{}
	}
	return r.begin(lane, w)
}

func (r *Recorder) begin(lane int, w *Work) Span {
	o := &open{work: w}
	r.mu.Lock()
	r.lanes[lane].open = append(r.lanes[lane].open, o)
	r.mu.Unlock()
	o.from = time.Since(r.start)
	return Span{r, lane, o}
}

// End ends the span.
func (s Span) End() {
	if s.r != nil {
		s.r.end(s, time.Since(s.r.start))
	}
}

func (r *Recorder) end(s Span, to time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lanes[s.lane]
	i := slices.Index(l.open, s.open)
	if i < 0 {
		return // ended before
	}
	l.open = slices.Delete(l.open, i, i+1)
	took := to - s.open.from
	if i > 0 {
		l.open[i-1].children += took
	}
	r.count(s.open.work, took-s.open.children)
	if len(r.spans) == r.most {
		r.dropped++
		return
	}
	r.spans = append(r.spans, span{s.open.work, s.lane, s.open.from, to})
}

// Enter is a lane for a run: Main, unless another run is on it, or the next that is free. Leave gives it back.
func (r *Recorder) Enter() int {
	if r == nil {
		return Main
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.lanes, func(l lane) bool { return !l.running })
	if i < 0 {
		i = len(r.lanes)
		r.lanes = append(r.lanes, lane{})
	}
	r.lanes[i].running = true
	return i
}

// Leave gives a lane back.
func (r *Recorder) Leave(lane int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lanes[lane].running = false
}
