// Package aevb reproduces Kingma and Welling, Auto-Encoding Variational Bayes (arXiv 1312.6114): the bound as it rises with
// the training samples (figure 2), the marginal likelihood beside wake-sleep and Monte Carlo EM (figure 3), the manifolds
// (figure 4) and samples (figure 5); and the one-layer VAE of Burda et al. (arXiv 1509.00519) by its log-likelihood.
package aevb

import "github.com/elbo-ml/elbo/reproduce"

// Experiment is `elbo reproduce aevb`.
var Experiment = reproduce.Experiment{
	Name:   "aevb",
	Title:  "Auto-encoding variational Bayes",
	Source: "Kingma and Welling, arXiv 1312.6114, figures 2 to 5; Burda et al., arXiv 1509.00519, table 1",
	Parts:  []reproduce.Part{{Name: "figure2", Run: figure2}, {Name: "figure3", Run: figure3}, {Name: "manifolds", Run: manifolds}, {Name: "burda", Run: burda}},
}
