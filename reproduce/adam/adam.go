// Package adam reproduces Kingma and Ba, Adam: A Method for Stochastic Optimization (arXiv 1412.6980): Adam beside its rivals
// on logistic regression, on a bag of words and on networks (figures 1 to 3), and what becomes of it without the correction
// of its averages' bias (figure 4).
package adam

import (
	"time"

	"github.com/elbo-ml/elbo/reproduce"
)

// Experiment is `elbo reproduce adam`.
var Experiment = reproduce.Experiment{
	Name:   "adam",
	Title:  "Adam",
	Source: "Kingma and Ba, arXiv 1412.6980, figures 1 to 4",
	Parts:  []reproduce.Part{{Name: "races", Run: races}, {Name: "bias", Run: biasCorrection}},
}

// length is the number of epochs that a run of a full experiment has: so many in three hours on two cores or more, half as
// many on one, and in proportion to the budget up to the paper's.
func length(l *reproduce.Lab, epochs, paper float64) float64 {
	cores := float64(min(l.Cores(), 2))
	return min(epochs*cores/2*l.Budget.Hours()/(3*time.Hour).Hours(), paper)
}
