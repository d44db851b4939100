package ssl

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// dataFolder is a folder with a small data set in the place of MNIST: glyphs of 12x12 with their digits.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "mnist"), 0o777); err != nil {
		t.Fatal(err)
	}
	for split, name := range map[string]string{data.Train: "train", data.Test: "t10k"} {
		const spec, n, size = "glyphs:720?size=12", 720, 144
		src, err := data.Open(spec, data.Options{Split: split})
		if err != nil {
			t.Fatal(err)
		}
		labels, err := data.OpenLabels(spec, data.Options{Split: split})
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, n*size)
		if err := src.Read(t.Context(), allRows(n), x); err != nil {
			t.Fatal(err)
		}
		images, digits := []byte{0, 0, 8, 3}, []byte{0, 0, 8, 1}
		for _, extent := range []uint32{n, 12, 12} {
			images = binary.BigEndian.AppendUint32(images, extent)
		}
		for _, v := range x {
			images = append(images, byte(v*255))
		}
		digits = binary.BigEndian.AppendUint32(digits, n)
		for _, y := range labels {
			digits = append(digits, byte(y))
		}
		for kind, b := range map[string][]byte{"images-idx3-ubyte": images, "labels-idx1-ubyte": digits} {
			if err := os.WriteFile(filepath.Join(dir, "mnist", name+"-"+kind), b, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// small is a setting of seconds.
func small() setting {
	few := training{hidden: 16, latent: 4, few: 0.1, many: 0.1, activation: "relu", epochs: 2, batch: 50, labelledBatch: 50, rate: 0.01}
	return setting{m1: m1Setting{hidden: []int{32}, latent: 8, activation: "softplus", epochs: 12, batch: 50, rate: 0.005},
		stacked: few, pixels: few, supervised: few, labels: []int{100, 600}, transductive: true}
}

// Every model gets its row, and a run in the same folder computes nothing again.
func TestRunOnGlyphs(t *testing.T) {
	o := reproduce.Options{Out: t.TempDir(), Data: dataFolder(t), Seeds: 2}
	var results [2]string
	for i := range results {
		e := reproduce.Experiment{Name: "ssl", Run: small().run}
		path, err := reproduce.Run(t.Context(), e, o)
		if err != nil && !errors.Is(err, reproduce.ErrNotHeld) {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, results[i], _ = strings.Cut(string(b), "what must hold") // after how long it took
	}
	for _, want := range []string{"| labels | M1+SVM | M1+TSVM | paper | M2 | paper | M1+M2 | paper |", "\n| 100 |", "\n| 600 |", "11.82 (0.25)", "![analogies]", "An epoch took"} {
		if !strings.Contains(results[0], want) {
			t.Errorf("the report lacks %q:\n%s", want, results[0])
		}
	}
	if results[0] != results[1] {
		t.Errorf("the second run reports\n%s\nthe first\n%s", results[1], results[0])
	}
	cells, err := filepath.Glob(filepath.Join(o.Out, "cells", "m1m2", "*", "*", "labels*", "*", "seed*", "model.elbo"))
	if err != nil || len(cells) != 4 {
		t.Errorf("models kept: %v, %v", cells, err)
	}
}

// Rows are filled one by one: the table has those of before, and nothing is expected of what is not there.
func TestRowByRow(t *testing.T) {
	o := reproduce.Options{Out: t.TempDir(), Data: dataFolder(t), Seeds: 1}
	s := small()
	s.labels = s.labels[:1]
	e := Experiment
	e.Run = s.run
	for _, step := range []struct{ part, columns string }{
		{"svm", "| labels | M1+SVM |\n"},
		{"m2", "| labels | M1+SVM | M2 | paper |\n"},
	} {
		o.Parts = []string{step.part}
		path, err := reproduce.Run(t.Context(), e, o)
		if err != nil && !errors.Is(err, reproduce.ErrNotHeld) {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), step.columns) || strings.Contains(string(b), "M1+M2 errs") || strings.Contains(string(b), "budget was spent") {
			t.Errorf("after %s: %s", step.part, b)
		}
	}
}

// A budget that is spent leaves cells out, and the report says which.
func TestSpentBudget(t *testing.T) {
	o := reproduce.Options{Out: t.TempDir(), Data: dataFolder(t), Budget: time.Nanosecond}
	s := small()
	s.labels = s.labels[:1]
	path, err := reproduce.Run(t.Context(), reproduce.Experiment{Name: "ssl", Run: s.run}, o)
	if path == "" {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(b), "budget was spent before M1+M2 with 100 labels") {
		t.Errorf("%v, report:\n%s", err, b)
	}
}

// A longer budget means more epochs, whatever the number of seeds, and the folder's names tell them apart.
func TestSettingsFitTheBudget(t *testing.T) {
	of := func(budget time.Duration, seeds int) setting {
		return settings(&reproduce.Lab{Options: reproduce.Options{Budget: budget, Seeds: seeds}})
	}
	short, long, more := of(time.Hour, 3), of(3*time.Hour, 3), of(3*time.Hour, 5)
	if !(long.stacked.epochs > 2*short.stacked.epochs && long.m1.epochs > 2*short.m1.epochs && short.pixels.epochs >= 1) || long.stacked != more.stacked {
		t.Errorf("epochs: %+v in 1h, %+v in 3h, %+v with 5 seeds", short, long, more)
	}
	if a, b := short.m1.name(), long.m1.name(); a == b || !strings.HasPrefix(a, "m1/500-500-50-softplus-epochs") {
		t.Errorf("names %q and %q", a, b)
	}
	if q := settings(&reproduce.Lab{Options: reproduce.Options{Quick: true}}); q.stacked.epochs > 10 || len(q.labels) != 1 {
		t.Errorf("a quick run is %+v", q)
	}
}

func TestSomeForgetsAllButAFew(t *testing.T) {
	p := part{labels: make([]int, 200)}
	for i := range p.labels {
		p.labels[i] = i % 10
	}
	labels, err := p.some(50, 3)
	if err != nil {
		t.Fatal(err)
	}
	n := map[int]int{}
	for _, y := range labels {
		n[y]++
	}
	if n[data.Unlabelled] != 150 || n[0] != 5 || n[9] != 5 {
		t.Errorf("labels left: %v", n)
	}
	if _, err := p.some(15, 3); !errors.Is(err, data.ErrLabels) {
		t.Errorf("15 labels of 10 classes: %v", err)
	}
	if all, err := p.some(200, 3); err != nil || len(all) != 200 || all[7] != 7 {
		t.Errorf("all labels: %v, %v", all, err)
	}
}

func TestPickTakesRows(t *testing.T) {
	x := tensor.New(tensor.Float32, 4, 2)
	for i := range 8 {
		tensor.Data[float32](x)[i] = float32(i)
	}
	if got := tensor.Data[float32](pick(x, []int{3, 0})); got[0] != 6 || got[3] != 1 {
		t.Errorf("rows 3 and 0 are %v", got)
	}
}
