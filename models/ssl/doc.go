// Package ssl holds the semi-supervised models of Kingma, Rezende, Mohamed and Welling, "Semi-supervised learning with deep
// generative models" (2014, arXiv 1406.5298), chapter 3 of the thesis: a few labels and many datapoints without.
//
//   - M1 is a VAE whose latent means and log-variances serve as features: Active says which of them a model uses.
//   - M2 has the class as a latent variable that is sometimes seen: p(x|y,z), q(z|x,y) and the classifier q(y|x).
//   - M1+M2 is an M2 of the features of an M1: Stack.
//
// An M2 is three ONNX graphs, classifier, encoder and decoder (five with those of M1), in a bundle like any other model's:
//
//	m, err := ssl.New(ssl.Config{Shape: []int{28, 28}, Classes: 10})
//	report, err := ssl.Fit(ctx, m, images, labels, ssl.Options{...}) // labels: a class, or data.Unlabelled
//	q, err := m.Classify(ctx, x)                                     // [n, classes]
package ssl
