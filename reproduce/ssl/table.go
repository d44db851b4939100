package ssl

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	semi "github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/picture"
)

// table holds the results by model and number of labels, a seed each.
type table struct {
	setting
	about   m1Result
	kept    int
	results map[string]map[int][]result
}

// draws is how many of z for each class the posterior of an M2 with all labels is estimated by.
const draws = 10

// The models, as the report calls them; the star is for the author's own M1.
const (
	svmRow         = "M1+SVM"
	tsvmRow        = "M1+TSVM"
	authorsSVM     = "M1*+SVM"
	authorsTSVM    = "M1*+TSVM"
	m2Row          = "M2"
	stackedRow     = "M1+M2"
	authorsStacked = "M1*+M2"
)

// partOf names the parts of the experiment by the rows that they fill.
var partOf = map[string]string{svmRow: "svm", authorsSVM: "svm", tsvmRow: "tsvm", authorsTSVM: "tsvm", m2Row: "m2", stackedRow: "m1m2", authorsStacked: "m1m2"}

// groups are the models that stand beside a column of the paper, which is called as the first, or alone.
var groups = [][]string{{svmRow, authorsSVM}, {tsvmRow, authorsTSVM}, {m2Row}, {stackedRow, authorsStacked}}

func (t *table) stackedCell(m1 string, n int, seed uint64) string {
	return cellName("m1m2/"+m1, n, t.stacked, seed)
}

// errors are the test errors of a cell of the table by seed.
func (t *table) errors(model string, n int) []float64 {
	var all []float64
	for _, r := range t.results[model][n] {
		all = append(all, r.Test)
	}
	return all
}

func (t *table) mean(model string, n int) float64 {
	mean, _ := reproduce.Mean(t.errors(model, n))
	return mean
}

// report writes the table, the figure and the rate, and states what must hold.
func (t *table) report(l *reproduce.Lab) error {
	l.Report.Heading("Test error on MNIST, %%, by the number of labels")
	columns := []string{"labels"}
	rows := make([][]string, len(t.labels))
	for i, n := range t.labels {
		rows[i] = []string{fmt.Sprint(n)}
	}
	for _, group := range t.groups() {
		for _, model := range group {
			columns = append(columns, model)
			for i, n := range t.labels {
				rows[i] = append(rows[i], orDash(t.errors(model, n)))
			}
		}
		if theirs := paper[group[0]]; theirs != nil {
			columns = append(columns, "paper")
			for i, n := range t.labels {
				rows[i] = append(rows[i], cmp.Or(theirs[n], "-"))
			}
		}
	}
	l.Report.Table(columns, rows...)
	l.Report.Text("Means over the seeds, with standard errors. Labels are as many of each class, from the first 50,000 training images, another choice for each seed; " +
		"the last 10,000 are for validation alone. SVM is a linear support vector machine on the means of M1's features.")
	if t.transductive {
		l.Report.Text("TSVM is a transductive one, linear too, which guesses the classes of %d rows without labels.", transduced)
	}
	if t.results[authorsStacked] != nil {
		l.Report.Text("M1* is the M1 that the author published, trained for longer than ours.")
	}
	if e := t.sampled(); len(e) > 0 {
		l.Report.Text("All classes are those of the classifier. By importance sampling of p(y|x), with %d draws for each class, M2 errs in %s %% "+
			"with all labels; the paper's number is of that kind.", draws, reproduce.Spread(e, 2))
	}
	l.Report.Text("For 3000 epochs of the author's M1+M2 with 3000 labels 48 CPU hours are reported, with 500 hidden and 50 latent units and 200 minibatches an epoch.")
	l.Report.Text("M1: 784-%s and back, %s, %d epochs in minibatches of %d, Adam %g falling to 0 by a cosine, pixels drawn anew; validation bound "+
		"%.2f nats; %d units are kept (%d have a KL above 0.01). One M1 serves all seeds.",
		t.m1.layers(), t.m1.activation, t.m1.epochs, t.m1.batch, t.m1.rate, t.about.Bound, t.kept, t.about.ActiveUnits)
	t.rate(l)
	t.expect(l)
	return t.figures(l)
}

// groups are those with results, and of them the models with results.
func (t *table) groups() [][]string {
	var all [][]string
	for _, group := range groups {
		var with []string
		for _, model := range group {
			if t.results[model] != nil {
				with = append(with, model)
			}
		}
		if with != nil {
			all = append(all, with)
		}
	}
	return all
}

// orDash is the mean of errors, or what stands where there are none.
func orDash(errors []float64) string {
	if len(errors) == 0 {
		return "-"
	}
	return reproduce.Spread(errors, 2)
}

// sampled are M2's errors with all labels by importance sampling.
func (t *table) sampled() []float64 {
	var all []float64
	for _, r := range t.results[m2Row][allLabels] {
		if r.Sampled > 0 {
			all = append(all, r.Sampled)
		}
	}
	return all
}

// rate tells how long an epoch takes.
func (t *table) rate(l *reproduce.Lab) {
	for _, of := range []struct {
		model string
		training
	}{{stackedRow, t.stacked}, {m2Row, t.pixels}} {
		sum, n, threads := 0.0, 0.0, 0
		for labels, results := range t.results[of.model] {
			for _, r := range results {
				if r.SecondsPerEpoch > 0 && labels < allLabels {
					sum, n, threads = sum+r.SecondsPerEpoch, n+1, max(threads, r.Threads)
				}
			}
		}
		if n == 0 {
			continue
		}
		each := time.Duration(sum / n * float64(time.Second))
		l.Report.Text("%s: %d hidden units, %d latent, %s, %d epochs in minibatches of %d rows without labels and %d with, alpha %g (%g up to a hundred labels), Adam %g falling to 0 by a cosine. "+
			"An epoch took %v (threads: %d), so that 3000 take %v.",
			of.model, of.hidden, of.latent, of.activation, of.epochs, of.batch, of.labelledBatch, of.many, of.few, of.training.rate, each.Round(10*time.Millisecond), threads, (3000 * each).Round(time.Minute))
	}
}

// bounds are the errors that a full run must not exceed.
var bounds = map[int]float64{100: 5, 1000: 3.2, 3000: 2.8}

// expect states what must hold, but of rows that were not asked for and are not there.
func (t *table) expect(l *reproduce.Lab) {
	known := func(n int, models ...string) bool {
		return !slices.ContainsFunc(models, func(m string) bool { return !l.Chosen(partOf[m]) && len(t.errors(m, n)) == 0 })
	}
	best, whose := stackedRow, "M1+M2"
	if t.results[authorsStacked] != nil {
		best, whose = authorsStacked, "M1+M2 on the author's M1"
	}
	for i, n := range t.labels {
		if n >= allLabels {
			continue
		}
		if known(n, stackedRow, svmRow) {
			l.Expect(t.mean(stackedRow, n) < t.mean(svmRow, n), "M1+M2 errs less than a linear SVM on M1's features with %d labels", n)
		}
		if l.Quick {
			continue
		}
		if known(n, stackedRow, m2Row) {
			l.Expect(t.mean(stackedRow, n) < t.mean(m2Row, n), "M1+M2 errs less than M2 with %d labels", n)
		}
		if i > 0 && known(n, best) && known(t.labels[i-1], best) {
			l.Expect(t.mean(best, n) < t.mean(best, t.labels[i-1]), "%s errs less with %d labels than with %d", whose, n, t.labels[i-1])
		}
		if b, ok := bounds[n]; ok && known(n, best) {
			l.Expect(t.mean(best, n) <= b, "%s errs in at most %.1f %% with %d labels", whose, b, n)
		}
	}
	if !l.Quick && known(allLabels, m2Row) {
		l.Expect(t.mean(m2Row, allLabels) < 1.1, "M2 errs in less than 1.1 %% with all labels")
	}
}

// figures are the errors by labels, and the validation errors on the way.
func (t *table) figures(l *reproduce.Lab) error {
	linear := reproduce.Panel{Title: "Test error of linear machines", X: "labels", Y: "%", LogX: true, LogY: true, Room: true}
	generative := reproduce.Panel{Title: "Test error of generative models", X: "labels", Y: "%", LogX: true, LogY: true, Room: true}
	for _, group := range t.groups() {
		p := &linear
		if group[0] == m2Row || group[0] == stackedRow || group[0] == authorsStacked {
			p = &generative
		}
		first := len(p.Curves)
		for _, model := range group {
			ours := reproduce.Curve{Name: model, Color: len(p.Curves), Marks: true}
			for _, n := range t.labels {
				if e := t.errors(model, n); len(e) > 0 {
					mean, se := reproduce.Mean(e)
					ours.Points = append(ours.Points, reproduce.Point{X: float64(n), Y: mean, Error: se})
				}
			}
			p.Curves = append(p.Curves, ours)
		}
		theirs := reproduce.Curve{Name: group[0] + ", paper", Color: first, Dashed: true}
		for _, n := range t.labels {
			if e := paperMeans[group[0]][n]; e > 0 {
				theirs.Points = append(theirs.Points, reproduce.Point{X: float64(n), Y: e})
			}
		}
		if len(theirs.Points) > 0 {
			p.Curves = append(p.Curves, theirs)
		}
	}
	byEpochs := reproduce.Panel{Title: "M1+M2 on its way, first seed", X: "epochs", Y: "validation error, %", LogY: true, Room: true}
	for i, n := range t.labels {
		if r := t.results[stackedRow][n]; len(r) > 0 && len(r[0].Curve) > 0 && n < allLabels {
			byEpochs.Curves = append(byEpochs.Curves, reproduce.Curve{Name: fmt.Sprintf("%d labels", n), Color: i, Points: r[0].Curve, Marks: true})
		}
	}
	var panels []reproduce.Panel
	for _, p := range []reproduce.Panel{linear, generative, byEpochs} {
		if len(p.Curves) > 0 {
			panels = append(panels, p)
		}
	}
	if len(panels) == 0 { // the budget was spent before
		return nil
	}
	return l.Report.Figure("errors", "Test errors by the number of labels, ours and the paper's, and validation errors while M1+M2 trains.", panels)
}

// analogies are figure 1(b): the style of a test image, given every class.
func (t *table) analogies(ctx context.Context, l *reproduce.Lab, d parts) error {
	n := 0
	for _, labels := range t.labels {
		if len(t.results[stackedRow][labels]) > 0 && labels < allLabels {
			n = labels
		}
	}
	if n == 0 {
		return nil // the budget did not reach as far
	}
	m, err := semi.Open(filepath.Join(l.Out, "cells", filepath.FromSlash(t.stackedCell(t.m1.name(), n, 1)), modelFile))
	if err != nil {
		return err
	}
	defer m.Close()
	m.Engine, m.Run.Threads = l.Engine, l.Threads
	const styles = 10
	row := d.test.rows.Shape()
	size := tensor.Shape(row).Size()
	x := tensor.New(tensor.Float32, append([]int{styles}, row...)...)
	if err := d.test.rows.Read(ctx, allRows(styles), tensor.Data[float32](x)); err != nil {
		return err
	}
	made, err := m.Analogies(ctx, x)
	if err != nil {
		return err
	}
	grid := tensor.New(tensor.Float32, append([]int{styles * (classes + 1)}, row...)...)
	to, from := tensor.Data[float32](grid), tensor.Data[float32](made)
	for i := range styles {
		at := i * (classes + 1) * size
		copy(to[at:at+size], tensor.Data[float32](x)[i*size:])
		copy(to[at+size:at+(classes+1)*size], from[i*classes*size:])
	}
	img, err := picture.Grid(grid, picture.Options{Columns: classes + 1})
	if err != nil {
		return err
	}
	l.Report.Heading("Figure 1: analogies")
	return l.Report.Image("analogies", fmt.Sprintf("The first test images, and their styles with every class: M1+M2 with %d labels.", n), img)
}
