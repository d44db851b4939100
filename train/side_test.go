package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/train/data"
)

// sided is a toy that also pulls the bias of its means towards a side's rows plus noise: a loss of
// 1/2 mean (side[:3] + eps/10 - bias)^2.
type sided struct {
	*toy
	side Side
}

func newSided(seed uint64, batch int) *sided {
	return &sided{newToy(seed), Side{Data: data.Slice(stripes{40}, 0, 20), Batch: batch}}
}

func (s *sided) Objective() (*Objective, error) {
	obj, err := s.toy.Objective()
	if err != nil {
		return nil, err
	}
	g := obj.Graph
	side, eps := s.side, g.InputOf(s.dtype, "eps_side", graph.Dims("side", 3))
	side.X = g.InputOf(s.dtype, "side", graph.Dims("side", 16))
	target := g.Add(g.Slice(side.X, []int{0}, []int{3}, []int{1}), g.Mul(eps, g.Scalar(0.1, eps)))
	pull := g.Half(g.ReduceMean(g.Square(g.Sub(target, obj.param("encoder/mean.bias"))), false))
	obj.Loss = g.Add(obj.Loss, pull)
	obj.Noise, obj.Sides, obj.Terms = append(obj.Noise, eps), []Side{side}, []*graph.Value{pull}
	return obj, g.Err()
}

func TestSidesAreBitIdentical(t *testing.T) {
	run := func(o Options, stop int) []byte {
		m := newSided(4, 7)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o.LogEvery, o.Progress = 1, func(p Progress) {
			if p.Step == stop {
				cancel()
			}
		}
		r, err := Fit(ctx, m, stripes{600}, o)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if want := (r.Steps - r.Resumed) * (50 + 7); r.Images != want {
			t.Errorf("%d datapoints seen, want %d", r.Images, want)
		}
		return m.bytes()
	}
	o := Options{MaxSteps: 30, Batch: 50, Seed: 7, Binarize: data.Dynamic, Threads: 1}
	want := run(o, 0)
	o.Threads = 3
	if !bytes.Equal(run(o, 0), want) {
		t.Error("3 threads give other weights than 1")
	}
	o.Checkpoint = t.TempDir()
	run(o, 13)
	o.Resume = true
	if !bytes.Equal(run(o, 0), want) {
		t.Error("the resumed run gives other weights")
	}
	other := newSided(4, 8)
	if _, err := Fit(t.Context(), other, stripes{600}, o); !errors.Is(err, ErrResume) || !strings.Contains(err.Error(), "7 a step") {
		t.Errorf("a side of another batch resumes: %v", err)
	}
}

// watched notes which rows are read.
type watched struct {
	data.Source
	mu   *sync.Mutex
	rows *[]int
}

func (w watched) Read(ctx context.Context, rows []int, dst []float32) error {
	w.mu.Lock()
	*w.rows = append(*w.rows, rows...)
	w.mu.Unlock()
	return w.Source.Read(ctx, rows, dst)
}

// A side goes through its rows again and again, each epoch in another order, however long an epoch of X is.
func TestASideGoesRoundOnItsOwn(t *testing.T) {
	var rows []int
	m := newSided(1, 4)
	m.side.Data = watched{m.side.Data, new(sync.Mutex), &rows}
	if _, err := Fit(t.Context(), m, stripes{600}, Options{MaxSteps: 10, Batch: 300, Threads: 1}); err != nil {
		t.Fatal(err)
	}
	first, second := slices.Clone(rows[:20]), slices.Clone(rows[20:40])
	if slices.Equal(first, second) {
		t.Error("both epochs have one order")
	}
	for _, epoch := range [][]int{first, second} {
		slices.Sort(epoch)
		if len(slices.Compact(epoch)) != 20 {
			t.Errorf("an epoch of 20 rows has %v", epoch)
		}
	}
}

// Row i of step n takes the noise of datapoint n*batch+i of its stream, whose batch is the side's where the axis is.
func TestNoiseIsAFunctionOfTheDatapoint(t *testing.T) {
	tr, err := newTrainer(newSided(1, 4), stripes{600}, Options{MaxSteps: 9, Batch: 50, Seed: 6})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	tr.step.draw(5, 1)
	for k, batch := range []int{50, 4} {
		rows := tr.step.noise[k].job.rows
		if len(rows) != batch {
			t.Fatalf("noise %d has %d rows, want %d", k, len(rows), batch)
		}
		for i, got := range rows {
			want := make([]float32, len(got))
			runtime.Noise{Seed: 6, Stream: uint64(k) + 1}.Normal(uint64(5*batch+i), want)
			if !slices.Equal(got, want) {
				t.Fatalf("noise %d, row %d of step 5 is %v, want %v", k, i, got, want)
			}
		}
	}
}

// The pull is what the side's rows say: the bias goes to their mean.
func TestASideTrains(t *testing.T) {
	m := newSided(2, 20)
	r, err := Fit(t.Context(), m, stripes{600}, Options{Epochs: 30, Batch: 300, Freeze: []string{"decoder/*", "encoder/hidden*", "encoder/mean.weight", "encoder/logvar*"},
		Optimizer: Adam{LearningRate: 0.05}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Terms) != 1 || !(r.Terms[0].Mean > 0 && r.Terms[0].Mean < 0.2) || math.IsNaN(r.ELBO) {
		t.Errorf("%+v", r)
	}
}

func TestBadSidesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Side)
		kind  error
		says  string
	}{
		{"no rows", func(s *Side) { s.Data = nil }, data.ErrEmpty, "side 0"},
		{"a batch of more than the rows", func(s *Side) { s.Batch = 21 }, ErrOptions, "20 rows"},
		{"no batch", func(s *Side) { s.Batch = 0 }, ErrOptions, "a batch of 0"},
		{"rows of another size", func(s *Side) { s.Data = wide{stripes{40}} }, nil, "rows of [5,5]"},
	} {
		m := newSided(1, 5)
		c.spoil(&m.side)
		_, err := Fit(t.Context(), m, stripes{600}, Options{MaxSteps: 1})
		if err == nil || c.kind != nil && !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
