package vdropout

import (
	"context"
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train/data"
)

// place is a method at a width.
type place struct {
	method string
	width  int
}

func run(ctx context.Context, l *reproduce.Lab) error {
	all, err := l.Labelled("mnist", data.Train, 10)
	if err != nil {
		return err
	}
	var d splits
	d.training, d.validation = reproduce.Split(all, 10000)
	if d.test, err = l.Labelled("mnist", data.Test, 10); err != nil {
		return err
	}
	ways, sizes := slices.Clone(methods), slices.Clone(fullWidths)
	if l.Quick {
		ways = slices.DeleteFunc(ways, func(m method) bool { return !m.quick })
		sizes = []int{quickWidth}
	} else if l.Budget.Hours() < roomy {
		ways = slices.DeleteFunc(ways, func(m method) bool { return m.extra })
		sizes = sizes[:3]
	}
	p, err := planned(ctx, l, ways, sizes, d)
	if err != nil {
		return err
	}
	with, results, err := p.fill(ctx, l, ways, func(ctx context.Context, m method, name string, width int, seed uint64, folder string) (result, error) {
		return m.fit(ctx, l, name, width, p.Epochs, seed, folder, d)
	})
	if err != nil {
		return err
	}
	if left := sizes[len(p.Widths):]; len(left) > 0 {
		l.Note("The budget holds %d epochs at %v units; %v would take more.", p.Epochs, p.Widths, left)
	}
	return report(l, ways, with, p.Epochs, d, results)
}

func report(l *reproduce.Lab, ways []method, sizes []int, epochs int, d splits, results map[place][]result) error {
	slices.Sort(sizes)
	l.Report.Text("Networks of three hidden layers of so many units with relu, trained on the first %d images of MNIST for %d epochs, all alike: Adam with a learning rate of %v that falls linearly to 0, minibatches of %d. Dropout rates are 0.5 for hidden units and 0.2 for pixels; a learned alpha, one for each layer, starts at p/(1-p) of 0.1 and 0.05. Errors are those at the means of the weights after the last epoch; nothing was chosen by the test set, and the last %d training images only served to look at.",
		d.training.Len(), epochs, learningRate, batch, d.validation.Len())
	test := func(m method, width int) []float64 {
		var all []float64
		for _, r := range results[place{m.name, width}] {
			all = append(all, r.Test)
		}
		return all
	}
	columns := []string{"test error, %"}
	for _, width := range sizes {
		columns = append(columns, fmt.Sprintf("%d units", width), "paper", "validation")
	}
	var rows [][]string
	figure := reproduce.Panel{Title: "MNIST, three hidden layers", X: "units in a layer", Y: "test error, %", Room: true}
	for _, m := range ways {
		row := []string{m.name}
		ours, paper := reproduce.Curve{Name: m.name, Color: m.color, Marks: true}, reproduce.Curve{Name: m.name + ", paper", Color: m.color, Dashed: true}
		for _, width := range sizes {
			var valid []float64
			for _, r := range results[place{m.name, width}] {
				valid = append(valid, r.Validation)
			}
			published := "-"
			if p, ok := m.paper[width]; ok {
				published = fmt.Sprintf("%.2f", p)
			}
			if len(valid) == 0 {
				row = append(row, "-", published, "-")
				continue
			}
			row = append(row, reproduce.Spread(test(m, width), 2), published, reproduce.Spread(valid, 2))
			mean, se := reproduce.Mean(test(m, width))
			ours.Points = append(ours.Points, reproduce.Point{X: float64(width), Y: mean, Error: se})
		}
		for _, width := range widths {
			if p, ok := m.paper[width]; ok {
				paper.Points = append(paper.Points, reproduce.Point{X: float64(width), Y: p})
			}
		}
		rows = append(rows, row)
		figure.Curves = append(figure.Curves, ours, paper)
	}
	l.Report.Heading("Figure 1: the test error by width")
	l.Report.Table(columns, rows...)
	if err := l.Report.Figure("figure1", "Test error by width; dashed: the paper.", []reproduce.Panel{figure}); err != nil {
		return err
	}
	rates(l, ways, sizes, results)
	expect(l, sizes, test)
	return nil
}

// rates tells the alphas at the end.
func rates(l *reproduce.Lab, ways []method, sizes []int, results map[place][]result) {
	var rows [][]string
	for _, m := range ways {
		for _, width := range sizes {
			if all := results[place{m.name, width}]; len(all) > 0 && len(all[0].Alphas) > 0 {
				rows = append(rows, []string{fmt.Sprintf("%s, %d units", m.name, width), fmt.Sprintf("%.2f", all[0].Alphas)})
			}
		}
	}
	l.Report.Heading("What alpha was learned, by layer")
	l.Report.Table([]string{"method", "alpha"}, rows...)
}

// expect states the orderings that must hold.
func expect(l *reproduce.Lab, sizes []int, test func(m method, width int) []float64) {
	mean := func(m method, width int) float64 { e, _ := reproduce.Mean(test(m, width)); return e }
	none, binary, a, a2 := methods[0], methods[1], methods[2], methods[3]
	for _, width := range sizes {
		if len(test(a2, width)) == 0 || len(test(binary, width)) == 0 {
			continue
		}
		l.Expect(mean(a2, width) <= mean(binary, width), "%d units: A2 (%.2f %%) is at or below binary dropout (%.2f %%)", width, mean(a2, width), mean(binary, width))
	}
	if slices.Contains(sizes, 100) {
		slack := 0.15
		if l.Quick {
			slack = 0.5 // a network that has only begun to learn
		}
		l.Expect(mean(a, 100) <= mean(none, 100)+slack, "100 units: A (%.2f %%) is within %.2f of no dropout (%.2f %%)", mean(a, 100), slack, mean(none, 100))
		l.Expect(mean(binary, 100) >= mean(none, 100)+0.4, "100 units: binary dropout (%.2f %%) is worse by 0.4", mean(binary, 100))
	}
	if slices.Contains(sizes, 750) && len(test(a2, 750)) > 0 {
		l.Expect(mean(a2, 750) <= 1.05, "750 units: A2 (%.2f %%) reaches 1.05 %%", mean(a2, 750))
	}
}
