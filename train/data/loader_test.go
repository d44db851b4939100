package data

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"pgregory.net/rapid"
)

// load goes through all minibatches and returns a copy of each.
func load(t testing.TB, src Source, o LoaderOptions) []Batch {
	t.Helper()
	l, err := NewLoader(context.Background(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var all []Batch
	for {
		b, err := l.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		c := *b
		c.X, c.Rows = b.X.Clone(), slices.Clone(b.Rows)
		all = append(all, c)
	}
}

func same(a, b Batch) bool {
	return a.Step == b.Step && a.Epoch == b.Epoch && a.Index == b.Index && slices.Equal(a.Rows, b.Rows) &&
		slices.Equal(tensor.Data[float32](a.X), tensor.Data[float32](b.X)) && a.X.Shape().Equal(b.X.Shape())
}

func TestLoaderDependsOnTheStepAlone(t *testing.T) {
	src := binarized(t, ramp(t), Dynamic, 9)
	rapid.Check(t, func(rt *rapid.T) {
		o := LoaderOptions{
			Batch:    rapid.IntRange(1, 40).Draw(rt, "batch"),
			Seed:     rapid.Uint64().Draw(rt, "seed"),
			Ordered:  rapid.Bool().Draw(rt, "ordered"),
			KeepLast: rapid.Bool().Draw(rt, "keep last"),
			Epochs:   3,
		}
		want := load(t, src, o)
		if len(want) != 3*StepsPerEpoch(src.Len(), o.Batch, o.KeepLast) {
			rt.Fatalf("%d minibatches", len(want))
		}
		o.Step = rapid.IntRange(0, len(want)).Draw(rt, "step")
		o.Workers = rapid.IntRange(1, 4).Draw(rt, "workers")
		got := load(t, src, o)
		if len(got) != len(want)-o.Step {
			rt.Fatalf("%d minibatches from step %d of %d", len(got), o.Step, len(want))
		}
		for i := range got {
			if !same(got[i], want[o.Step+i]) {
				rt.Fatalf("step %d: %v, want %v", o.Step+i, got[i], want[o.Step+i])
			}
		}
	})
}

func TestLoaderGivesEveryRowOnceAnEpoch(t *testing.T) {
	src := ramp(t)
	for _, keep := range []bool{true, false} {
		seen := map[[2]int]bool{}
		for _, b := range load(t, src, LoaderOptions{Batch: 7, Epochs: 2, KeepLast: keep}) {
			for i, r := range b.Rows {
				if seen[[2]int{b.Epoch, r}] {
					t.Errorf("row %d comes twice in epoch %d", r, b.Epoch)
				}
				seen[[2]int{b.Epoch, r}] = true
				if got := tensor.Data[float32](b.X)[i*13]; got != read(t, src, r)[0] {
					t.Errorf("row %d begins with %v", r, got)
				}
			}
		}
		if want := map[bool]int{true: 80, false: 70}[keep]; len(seen) != want {
			t.Errorf("keep last %v: %d rows, want %d", keep, len(seen), want)
		}
	}
}

func TestLoaderSmallerThanABatch(t *testing.T) {
	got := load(t, ramp(t), LoaderOptions{Batch: 100, KeepLast: true, Epochs: 1, Ordered: true})
	if len(got) != 1 || len(got[0].Rows) != 40 || got[0].X.Shape()[0] != 40 {
		t.Errorf("got %v", got)
	}
	if _, err := NewLoader(context.Background(), ramp(t), LoaderOptions{Batch: 100}); err == nil {
		t.Error("no minibatch of 100 can be made of 40 rows")
	}
}

// failing fails at one row.
type failing struct {
	Source
	row int
}

var errBroken = errors.New("broken")

func (f failing) Read(ctx context.Context, rows []int, dst []float32) error {
	if slices.Contains(rows, f.row) {
		return errBroken
	}
	return f.Source.Read(ctx, rows, dst)
}

func TestLoaderTellsErrorsAtTheirStep(t *testing.T) {
	for workers := 1; workers <= 3; workers++ {
		l, err := NewLoader(context.Background(), failing{ramp(t), 25}, LoaderOptions{Batch: 10, Ordered: true, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		for step := range 2 {
			if b, err := l.Next(context.Background()); err != nil || b.Step != step {
				t.Errorf("%d workers: step %d gives %v, %v", workers, step, b, err)
			}
		}
		for range 2 { // and it stays so
			if _, err := l.Next(context.Background()); !errors.Is(err, errBroken) {
				t.Errorf("%d workers: got error %v", workers, err)
			}
		}
		l.Close()
	}
}

// stuck never reads anything until its context is done.
type stuck struct{ Source }

func (stuck) Read(ctx context.Context, _ []int, _ []float32) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestLoaderStops(t *testing.T) {
	l, err := NewLoader(context.Background(), stuck{ramp(t)}, LoaderOptions{Batch: 10, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Next gives %v", err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Next(context.Background()); !errors.Is(err, context.Canceled) {
		t.Errorf("Next after Close gives %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	l, err = NewLoader(ctx, stuck{ramp(t)}, LoaderOptions{Batch: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cancel()
	if _, err := l.Next(context.Background()); !errors.Is(err, context.Canceled) {
		t.Errorf("Next of a cancelled loader gives %v", err)
	}
}

func TestLoaderMakesNoAllocation(t *testing.T) {
	l, err := NewLoader(context.Background(), binarized(t, ramp(t), Static, 1), LoaderOptions{Batch: 9, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	next := func() {
		if _, err := l.Next(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		next()
	}
	if n := testing.AllocsPerRun(200, next); n > 0 {
		t.Errorf("%v allocations per minibatch", n)
	}
}
