package adam

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/reproduce"
)

func reportRaces(l *reproduce.Lab, all []*racer) error {
	r := l.Report
	r.Heading("Figures 1 to 3: the loss on the training data")
	chosen := "Each optimiser has the learning rate, out of three, with the least training loss after a short run; the test set has no part in it."
	if l.Quick {
		chosen = "Each optimiser has one learning rate; a full run chooses it out of three, by the training loss of short runs."
	}
	r.Text("Minibatches of %d. "+chosen+" "+
		"The losses are means over stretches of the training, in nats an example, dropout's noise included. On logistic regression and on the words rates fall as 1/sqrt(t), but for AdaGrad's, which falls by itself.", batch)
	l.Note("The IMDB reviews are not at hand: the bag of words is generated, 25,000 reviews over a vocabulary of %d whose frequencies follow Zipf's law, with one word in 25 telling good from bad. CIFAR-10 is not either: the convolutional network, smaller than the paper's, learns MNIST.", vocabulary)
	var rows [][]string
	var panels []reproduce.Panel
	for i := range workloads {
		w := &workloads[i]
		panel := reproduce.Panel{Title: w.title, X: "epochs", Y: "training loss, nats", LogY: true}
		last := map[string]float64{}
		for _, x := range racersOf(all, w) {
			var ends, errs, seconds []float64
			for _, run := range x.runs {
				ends, errs, seconds = append(ends, run.last()), append(errs, 100*run.Error), append(seconds, run.Seconds)
			}
			last[x.name], _ = reproduce.Mean(ends)
			took, _ := reproduce.Mean(seconds)
			line := []string{w.title, x.name, fmt.Sprint(x.rate), fmt.Sprintf("%.3g", x.length), reproduce.Spread(ends, 4), reproduce.Spread(errs, 2), fmt.Sprintf("%.1f", took/x.length)}
			if math.IsInf(last[x.name], 1) { // one seed's run at least
				line = append(line[:4], "diverged", "-", "-")
			}
			rows = append(rows, line)
			panel.Curves = append(panel.Curves, x.curve())
		}
		for _, e := range w.beats {
			l.Expect(last[adam.name] <= 1.1*last[e.name], "%s: Adam's loss, %.4f, is at most a tenth above that of %s, %.4f", w.title, last[adam.name], e.name, last[e.name])
		}
		panels = append(panels, panel)
	}
	r.Table([]string{"workload", "optimiser", "rate", "epochs", "training loss", "test error, %", "seconds an epoch"}, rows...)
	r.Text("The seconds are those of a training on its share of the cores, while others ran beside it.")
	return r.Figure("races", "The training loss of Adam and its rivals.", panels[:2], panels[2:4], panels[4:])
}

func racersOf(all []*racer, w *workload) []*racer {
	var of []*racer
	for _, x := range all {
		if x.of == w {
			of = append(of, x)
		}
	}
	return of
}

// curve is the mean over the seeds, with its standard error.
func (x *racer) curve() reproduce.Curve {
	c := reproduce.Curve{Name: x.name, Color: x.color}
	for i, p := range x.runs[0].Points {
		var losses []float64
		for _, r := range x.runs {
			if i < len(r.Points) {
				losses = append(losses, r.Points[i].Loss)
			}
		}
		mean, se := reproduce.Mean(losses)
		c.Points = append(c.Points, reproduce.Point{X: p.Epoch, Y: mean, Error: se})
	}
	return c
}
