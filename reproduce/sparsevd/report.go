package sparsevd

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// trained are the results of a network, one for each seed.
type trained struct {
	subject
	results []result
	files   []file
}

func run(ctx context.Context, l *reproduce.Lab) error {
	training, err := l.Labelled("mnist", data.Train, 10)
	if err != nil {
		return err
	}
	test, err := l.Labelled("mnist", data.Test, 10)
	if err != nil {
		return err
	}
	if l.Quick {
		training = data.Slice(training, 0, quickRows)
	}
	var all []trained
	for _, s := range subjects {
		epochs, err := s.epochs(ctx, l, training)
		if err != nil {
			return err
		}
		if epochs == 0 {
			continue
		}
		t := trained{subject: s}
		for seed := 1; seed <= l.Seeds; seed++ {
			name := fmt.Sprintf("%s-%d/seed%d", s.name, epochs, seed)
			r, err := reproduce.Cell(ctx, l, name, func(ctx context.Context, folder string) (result, error) {
				return fit(ctx, l, s, epochs, uint64(seed), folder, training, test)
			})
			if err != nil {
				return err
			}
			f, err := measure(ctx, l, filepath.Join(l.Out, "cells", filepath.FromSlash(name)), test)
			if err != nil {
				return err
			}
			t.results, t.files = append(t.results, r), append(t.files, f)
		}
		all = append(all, t)
	}
	return report(l, all, training.Len())
}

// epochs is how long the network is trained: as long as its share of the budget lets it, at a speed that is measured once.
func (s subject) epochs(ctx context.Context, l *reproduce.Lab, training data.Source) (int, error) {
	if l.Quick {
		return s.quick, nil
	}
	images, err := reproduce.Cell(ctx, l, "speed/"+s.name, func(ctx context.Context, _ string) (float64, error) {
		return speed(ctx, l, s, training)
	})
	if err != nil {
		return 0, err
	}
	n := int(s.share * l.Budget.Seconds() / float64(l.Seeds) * images / float64(training.Len()))
	return min(max(n, leastEpochs), mostEpochs), nil
}

// file is a pruned network as it lies on the disk.
type file struct {
	dense, sparse int64 // bytes
	// ort is the test error in per cent of the sparse file on ONNX Runtime, if that is there.
	ort    float64
	hasORT bool
}

// measure stores the pruned network of a cell sparse, beside it, and runs what comes back on ONNX Runtime.
func measure(ctx context.Context, l *reproduce.Lab, folder string, test data.Source) (f file, err error) {
	g, err := importer.Load(filepath.Join(folder, prunedFile), importer.Options{})
	if err != nil {
		return f, err
	}
	if f.dense, err = size(filepath.Join(folder, prunedFile)); err != nil {
		return f, err
	}
	path := filepath.Join(folder, "sparse.onnx")
	if err := importer.Save(g, path, importer.SaveOptions{Force: true, Sparse: true}); err != nil {
		return f, err
	}
	if f.sparse, err = size(path); err != nil {
		return f, err
	}
	e, err := engines.Open("ort", engines.Options{Threads: l.Threads})
	if err != nil {
		l.Note("ONNX Runtime is not here (%v): the pruned files were not run on it.", err)
		return f, nil
	}
	back, err := importer.Load(path, importer.Options{})
	if err != nil {
		return f, err
	}
	c, err := train.NewClassifier(back)
	if err != nil {
		return f, err
	}
	f.hasORT = true
	f.ort, err = percent(c.ErrorRate(ctx, e, l.Threads, test))
	return f, err
}

func report(l *reproduce.Lab, all []trained, images int) error {
	l.Report.Text("Each weight is N(theta, sigma²) with sigma learned; after training a weight whose log alpha = log sigma²/theta² reaches a threshold is set to 0. Adam with a learning rate that falls linearly to 0 (from 1e-3 as in the paper, up to 3e-3 for fewer than 12000 steps), minibatches of %d, all %d training images. The weight of the KL rises from 0 to 1 over the first quarter of the epochs.", batch, images)
	l.Report.Text("What differs from the paper was chosen on the last 10000 training images after training on the others. log sigma² starts at %d and LeNet-300-100's weights at N(0, %v²): from the paper's -10 and He's weights it came in 20 epochs to 2.36 %% at 41.8 times fewer weights, from -14 to 2.32 %% at 62.6, in 60 epochs to 1.87 %% at 59.6, and with the narrower weights to 2.06 %% at 64.9. The thresholds are below the paper's 3: after 100 epochs LeNet-300-100 came to 1.93 %% at 58.3 times with 3, to 1.94 %% at 69.7 with 2.5 and to 2.03 %% at 80.2 with 2; LeNet-5 after 12 epochs to 1.08 %% at 162, 165 and 167 times.", logVariance, denseDeviation)
	l.Report.Text("Error is the test error at the means of the pruned weights. Compression is the number of weights over those that are not 0, biases aside; the paper's is counted the same way.")
	var rows, cuts, layers [][]string
	var panels []reproduce.Panel
	for i, t := range all {
		var errors, unpruned, compression, ratio []float64
		for k, r := range t.results {
			errors, unpruned = append(errors, r.Error), append(unpruned, r.Unpruned)
			compression = append(compression, train.Compression(r.Layers))
			ratio = append(ratio, float64(t.files[k].dense)/float64(t.files[k].sparse))
		}
		rows = append(rows, []string{t.name, fmt.Sprint(t.results[0].Epochs), fmt.Sprint(t.threshold), reproduce.Spread(errors, 2), reproduce.Spread(unpruned, 2), fmt.Sprintf("%.2f", t.paperError),
			reproduce.Spread(compression, 1), fmt.Sprintf("%.0f", t.paperCompression), kilobytes(t.files[0].dense), kilobytes(t.files[0].sparse), reproduce.Spread(ratio, 1)})
		layers = append(layers, []string{t.name, zeros(t.results[0].Layers)})
		panels = append(panels, t.curves(i)...)
		for _, c := range t.results[0].Cuts {
			cuts = append(cuts, []string{t.name, fmt.Sprint(c.Threshold), fmt.Sprintf("%.2f", c.Error), fmt.Sprintf("%.1f", c.Compression)})
		}
		t.expect(l, errors, compression)
	}
	l.Report.Heading("Error and compression")
	l.Report.Table([]string{"network", "epochs", "threshold", "error %", "unpruned", "paper", "compression", "paper", "file, kB", "sparse, kB", "ratio"}, rows...)
	l.Report.Text("A value that is kept takes about 7 bytes in the sparse file, 4 of its own and 3 of its place, so that the file shrinks by 4/7 of the compression, less what biases and nodes take.")
	l.Report.Heading("Other thresholds")
	l.Report.Text("The same networks (of the first seed) pruned at other thresholds of log alpha; the error is that on test images, which chose none of them.")
	l.Report.Table([]string{"network", "threshold", "error %", "compression"}, cuts...)
	l.Report.Heading("Zeros by layer, per cent")
	l.Report.Table([]string{"network", "zeros"}, layers...)
	l.Report.Text("The paper's LeNet-300-100 has 98.9, 97.2 and 62.0 %% zeros.")
	return l.Report.Figure("curves", "Compression, and the error on training images under noise, by epoch.", panels)
}

// expect states what must hold of a network.
func (t trained) expect(l *reproduce.Lab, errors, compression []float64) {
	e, _ := reproduce.Mean(errors)
	c, _ := reproduce.Mean(compression)
	wantError, wantCompression := t.wantError, t.wantCompression
	if l.Quick {
		wantError, wantCompression = t.quickError, t.quickCompression
	}
	l.Expect(e <= wantError, "%s: test error of the pruned network %.2f %% is at most %.2f %%", t.name, e, wantError)
	l.Expect(c >= wantCompression, "%s: compression %.1f is at least %.0f", t.name, c, wantCompression)
	for i, r := range t.results {
		l.Expect(r.Error <= r.Unpruned+0.3, "%s: pruning moves the error by no more than 0.3 (from %.2f to %.2f %%)", t.name, r.Unpruned, r.Error)
		f := t.files[i]
		// What is not weights that are kept: biases and nodes.
		l.Expect(float64(f.dense)/float64(f.sparse) >= train.Compression(r.Layers)/3, "%s: the sparse file is smaller in proportion, %.1f times at %.1f times fewer weights", t.name, float64(f.dense)/float64(f.sparse), train.Compression(r.Layers))
		if f.hasORT {
			l.Expect(f.ort-r.Error < 0.02 && r.Error-f.ort < 0.02, "%s: the sparse file has the same error on ONNX Runtime, %.2f %%", t.name, f.ort)
		}
	}
}

// curves are the panels of a network.
func (t trained) curves(color int) []reproduce.Panel {
	compression := reproduce.Panel{Title: t.name, X: "epochs", Y: "compression", LogY: true, LegendLow: true}
	errors := reproduce.Panel{Title: t.name, X: "epochs", Y: "training error under noise, %"}
	for i, r := range t.results {
		var a, b []reproduce.Point
		for _, p := range r.Curve {
			a = append(a, reproduce.Point{X: float64(p.Epoch), Y: p.Compression})
			b = append(b, reproduce.Point{X: float64(p.Epoch), Y: p.TrainError})
		}
		name := fmt.Sprintf("seed %d", i+1)
		compression.Curves = append(compression.Curves, reproduce.Curve{Name: name, Color: color, Points: a})
		errors.Curves = append(errors.Curves, reproduce.Curve{Name: name, Color: color, Points: b})
	}
	return []reproduce.Panel{compression, errors}
}

func zeros(layers []train.Sparsity) string {
	var parts []string
	for _, s := range layers {
		parts = append(parts, fmt.Sprintf("%s %.1f", s.Name, 100*float64(s.Zeros)/float64(s.Weights)))
	}
	return strings.Join(parts, ", ")
}

func kilobytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1000) }
