package reproduce

import (
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/train/data"
)

// made is what a cell of the tests computes.
type made struct{ Number float64 }

func TestCellsAreComputedOnce(t *testing.T) {
	computed := 0
	var got []float64
	e := Experiment{Name: "toy", Title: "Toy", Source: "No paper", Run: func(ctx context.Context, l *Lab) error {
		for _, name := range []string{"a/seed1", "a/seed2", "a/seed1"} {
			m, err := Cell(ctx, l, name, func(context.Context, string) (made, error) {
				computed++
				return made{float64(computed) + 0.1}, nil
			})
			if err != nil {
				return err
			}
			got = append(got, m.Number)
		}
		return nil
	}}
	o := Options{Quick: true, Out: t.TempDir()}
	for range 2 {
		if _, err := Run(t.Context(), e, o); err != nil {
			t.Fatal(err)
		}
	}
	if computed != 2 || len(got) != 6 || got[0] != 1.1 || got[2] != 1.1 || got[4] != 2.1 {
		t.Errorf("two runs of two cells computed %d of them and gave %v", computed, got)
	}
	o.Quick = false
	if _, err := Run(t.Context(), e, o); !errors.Is(err, ErrFolder) {
		t.Errorf("a full run in the folder of a quick one: %v", err)
	}
}

// A cell that was interrupted starts from what it left in its folder, its time counts, and its checkpoints go when it is
// done.
func TestInterruptedCellGoesOn(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var spent time.Duration
	e := Experiment{Name: "toy", Run: func(ctx context.Context, l *Lab) error {
		_, err := Cell(ctx, l, "training", func(ctx context.Context, folder string) (made, error) {
			left := filepath.Join(folder, "checkpoints", "step")
			if _, err := os.Stat(left); err == nil {
				return made{2}, nil
			}
			if err := os.MkdirAll(left, 0o777); err != nil {
				return made{}, err
			}
			time.Sleep(20 * time.Millisecond)
			cancel()
			return made{}, ctx.Err()
		})
		spent = l.Spent()
		return err
	}}
	if _, err := Run(ctx, e, Options{Out: dir}); !errors.Is(err, context.Canceled) {
		t.Fatalf("an interrupted run: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.md")); err == nil {
		t.Error("an interrupted run left a report")
	}
	first := spent
	if _, err := Run(t.Context(), e, Options{Out: dir}); err != nil {
		t.Fatal(err)
	}
	if first < 20*time.Millisecond || spent < first {
		t.Errorf("spent %v, and after going on %v", first, spent)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "cells", "training", "*")); len(left) != 1 {
		t.Errorf("the cell's folder holds %v", left)
	}
}

func TestReport(t *testing.T) {
	dir := t.TempDir()
	e := Experiment{Name: "toy", Title: "A toy", Source: "Nobody (2013), table 1", Seeds: 3, Run: func(_ context.Context, l *Lab) error {
		l.Report.Heading("Numbers")
		l.Report.Table([]string{"model", "ours", "paper"}, []string{"VAE", Spread([]float64{1, 2, 3}, 2), "2.10"})
		l.Expect(1 < 2, "one is below two")
		l.Expect(2 < 1, "two is below one")
		l.Note("The paper is made up.")
		curve := Curve{Name: "bound", Points: []Point{{1e5, -150, 2}, {1e6, -110, 1}, {1e7, -100, 0}}, Marks: true}
		if err := l.Report.Figure("bound", "The bound.", []Panel{{Title: "MNIST", X: "samples", Y: "nats", LogX: true, Curves: []Curve{curve}}, {Curves: []Curve{{Points: []Point{{1, 1, 0}}}}}}); err != nil {
			return err
		}
		return l.Report.Image("samples", "Samples.", image.NewGray(image.Rect(0, 0, 8, 8)))
	}}
	path, err := Run(t.Context(), e, Options{Out: dir, Command: "elbo reproduce toy"})
	if !errors.Is(err, ErrNotHeld) || !strings.Contains(err.Error(), "two is below one") || strings.Contains(err.Error(), "one is below two") {
		t.Errorf("the error of a run where something does not hold: %v", err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# A toy\n\nNobody (2013), table 1.\n", "| one is below two | yes |", "| two is below one | **no** |",
		"| model | ours | paper |\n| --- | ---: | ---: |\n| VAE | 2.00 (0.58) | 2.10 |\n", "![bound](bound.png)", "[as SVG](bound.svg)",
		"![samples](samples.png)", "- The paper is made up.\n", "budget of 3h: `elbo reproduce toy`.", "seeds: 3."} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the report lacks %q:\n%s", want, b)
		}
	}
	for _, name := range []string{"bound.png", "samples.png"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.Close()
	}
	if b, err := os.ReadFile(filepath.Join(dir, "bound.svg")); err != nil || !strings.Contains(string(b), "<svg") || !strings.Contains(string(b), "1e6") {
		t.Errorf("the SVG has no mark at 1e6 samples: %v", err)
	}
}

// Without the data, glyphs stand in and the report says so.
func TestGlyphsStandIn(t *testing.T) {
	dir := t.TempDir()
	e := Experiment{Name: "toy", Run: func(_ context.Context, l *Lab) error {
		src, err := l.Source("mnist", data.Train)
		if err != nil {
			return err
		}
		train, valid := Split(src, 100)
		if l.Real("mnist") || train.Len() != src.Len()-100 || valid.Len() != 100 {
			t.Errorf("%s of %d rows in %d and %d", src.Name(), src.Len(), train.Len(), valid.Len())
		}
		return nil
	}}
	path, err := Run(t.Context(), e, Options{Out: dir, Data: filepath.Join(dir, "nowhere")})
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); !strings.Contains(string(b), "stand in for it") {
		t.Errorf("the report does not say that glyphs stand in:\n%s", b)
	}
}

func TestNumbersAreShort(t *testing.T) {
	for v, want := range map[float64]string{0.01: "0.01", 50: "50", 1e5: "1e5", 2e6: "2e6", 1e-5: "1e-5", -150: "-150", 0: "0", 3e-4 + 1e-19: "3e-4", 0.1 + 0.2: "0.3"} {
		if got := tickLabel(v); got != want {
			t.Errorf("%v is marked %q, want %q", v, got, want)
		}
	}
	for d, want := range map[time.Duration]string{3 * time.Hour: "3h", 90 * time.Second: "1m30s", 20 * time.Minute: "20m", 100 * time.Minute: "1h40m", 1234 * time.Millisecond: "1.2s"} {
		if got := short(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

// Cells may run side by side, and a trace goes on where an earlier go stopped.
func TestEachAndTrace(t *testing.T) {
	var spent, longest time.Duration
	e := Experiment{Name: "toy", Run: func(ctx context.Context, l *Lab) error {
		err := l.Each(ctx, 4, func(ctx context.Context, i, threads int) error {
			if threads != 1 {
				t.Errorf("%d threads for a cell", threads)
			}
			_, err := Cell(ctx, l, string(rune('a'+i)), func(_ context.Context, folder string) (made, error) {
				for _, steps := range [][]int{{1, 2, 3}, {3, 4}} {
					tr, err := OpenTrace[float64](folder, "curve")
					if err != nil {
						return made{}, err
					}
					for _, s := range steps {
						if err := tr.Add(s, float64(s+len(steps))); err != nil {
							return made{}, err
						}
					}
				}
				tr, err := OpenTrace[float64](folder, "curve")
				if v := tr.Values(); len(v) != 4 || v[0] != 4 || v[2] != 5 || v[3] != 6 || !tr.Has(4) || tr.Has(5) {
					t.Errorf("the trace holds %v", v)
				}
				time.Sleep(30 * time.Millisecond)
				return made{}, err
			})
			return err
		})
		spent, longest = l.Spent(), l.Took(func(string) bool { return true })
		return err
	}}
	if _, err := Run(t.Context(), e, Options{Out: t.TempDir(), Threads: 4}); err != nil {
		t.Fatal(err)
	}
	if spent >= longest {
		t.Errorf("four cells side by side took %v of %v", spent, longest)
	}
}
