package ssl

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// training is an M2 with what its objective depends on besides the model.
type training struct {
	*M2
	labelled   data.Source // rows with labels behind them
	unlabelled data.Source // or nil
	batch      int         // of labelled rows
	sampled    bool        // rows are means and log-variances of features
	alpha      float64
	deviation  float64 // of the weights' prior; 0 for none
}

// Objective is J^alpha per datapoint (Kingma et al., 2014, eq. 9), with N labelled and unlabelled datapoints together:
//
//	N * loss = sum_labelled -L(x,y) + sum_unlabelled -U(x) + alpha N E_labelled[-log q(y|x)] - log p(weights)
//	L(x,y) = E_q(z|x,y)[log p(x|y,z)] + log p(y) - KL(q(z|x,y) || p(z))                         (eq. 6, with its sign turned)
//	U(x)   = sum_y q(y|x) L(x,y) + H(q(y|x))                                                    (eq. 7)
//
// where sums over data are estimated by minibatches, each weighted by what share of the data it stands for. The sum over
// classes is exact, with noise of its own for each class. KL of the report is Reconstruction - ELBO: it holds the KL of
// z and, for unlabelled data, that of q(y|x) from p(y); for labelled data, -log p(y).
func (t *training) Objective() (*train.Objective, error) {
	g := graph.New(t.manifest.Name)
	o := &train.Objective{Graph: g, KLWeight: g.InputOf(tensor.Float32, "kl_weight", graph.Shape{})}
	b := bound{training: t, Graph: g, o: o}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("ssl: objective: %w", err)
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("ssl: objective: %w", err)
	}
	return o, nil
}

// bound builds the objective.
type bound struct {
	*training
	*graph.Graph
	o *train.Objective
}

// share is a stream's part of the bound: means over its minibatch.
type share struct{ reconstruction, kl *graph.Value }

func (b *bound) build() error {
	rows := b.size
	if b.sampled {
		rows *= 2
	}
	labelled := b.Input("labelled", "labelled", rows+b.classes)
	onLabels, classifier, err := b.labelledShare(labelled, rows)
	if err != nil {
		return err
	}
	total := onLabels
	var terms []*graph.Value
	term := func(name string, v *graph.Value) *graph.Value {
		terms = append(terms, b.Output(name, v))
		return v
	}
	term("labelled_bound", b.Sub(onLabels.reconstruction, onLabels.kl))
	if b.unlabelled == nil {
		b.o.X = labelled
	} else {
		b.o.X = b.Input("x", "batch", rows)
		b.o.Sides = []train.Side{{X: labelled, Data: b.labelled, Batch: b.batch}}
		others, entropy, err := b.unlabelledShare(b.o.X)
		if err != nil {
			return err
		}
		term("unlabelled_bound", b.Sub(others.reconstruction, others.kl))
		term("class_entropy", entropy)
		nl, nu := float64(b.labelled.Len()), float64(b.unlabelled.Len())
		mix := func(l, u *graph.Value) *graph.Value {
			return b.Add(b.Mul(b.Scalar(nl/(nl+nu), l), l), b.Mul(b.Scalar(nu/(nl+nu), u), u))
		}
		total = share{mix(onLabels.reconstruction, others.reconstruction), mix(onLabels.kl, others.kl)}
	}
	term("classifier_loss", classifier)
	loss := b.Sub(b.Mul(b.o.KLWeight, total.kl), total.reconstruction)
	loss = b.Add(loss, b.Mul(b.Scalar(b.alpha, classifier), classifier))
	b.o.Params = b.params()
	if b.deviation > 0 {
		loss = b.Add(loss, term("weight_prior", b.weightPrior()))
	}
	b.o.Loss = b.Output("loss", loss)
	b.o.ELBO = b.Output("elbo", b.Sub(total.reconstruction, total.kl))
	b.o.Reconstruction = b.Output("reconstruction", total.reconstruction)
	b.o.KL = b.Output("kl", total.kl)
	b.o.Terms = terms
	return nil
}

// noise is an input of standard normal numbers, [rows, n].
func (b *bound) noise(name, rows string, n int) *graph.Value {
	eps := b.Input(name, rows, n)
	b.o.Noise = append(b.o.Noise, eps)
	return eps
}

// x are the rows of the networks: the first numbers of v, or a draw from the features whose means and log-variances they are.
func (b *bound) x(v *graph.Value, name, rows string) *graph.Value {
	cut := func(from int) *graph.Value { return b.Slice(v, []int{from}, []int{from + b.size}, []int{1}) }
	if !b.sampled {
		return cut(0)
	}
	return models.Reparameterize(b.Graph, cut(0), cut(b.size), b.noise(name, rows, b.size))
}

// labelledShare is the mean of -L's two terms and of -log q(y|x), over rows with labels behind them.
func (b *bound) labelledShare(rows *graph.Value, at int) (share, *graph.Value, error) {
	x := b.x(rows, "eps_x_labelled", "labelled")
	y := b.Slice(rows, []int{at}, []int{at + b.classes}, []int{1})
	reconstruction, kl, err := b.jointBound(b.Graph, x, y, b.noise("eps_labelled", "labelled", b.manifest.Latent))
	if err != nil {
		return share{}, nil, err
	}
	logits, err := b.logits(b.Graph, x)
	if err != nil {
		return share{}, nil, err
	}
	picked := b.ReduceSum(b.Mul(y, b.LogSoftmax(logits, -1)), false, 1)
	kl = b.Add(kl, b.Scalar(math.Log(float64(b.classes)), kl))
	return share{b.mean(reconstruction), b.mean(kl)}, b.Neg(b.mean(picked)), nil
}

// unlabelledShare is the mean of the terms of U, and that of H(q(y|x)).
func (b *bound) unlabelledShare(rows *graph.Value) (share, *graph.Value, error) {
	x := b.x(rows, "eps_x", "batch")
	logits, err := b.logits(b.Graph, x)
	if err != nil {
		return share{}, nil, err
	}
	logq := b.LogSoftmax(logits, -1)
	q := b.Exp(logq)
	eps := b.Reshape(b.noise("eps", "batch", b.classes*b.manifest.Latent), b.Int64s(-1, b.classes, b.manifest.Latent))
	reconstruction, kl, err := b.allClasses(b.Graph, x, eps)
	if err != nil {
		return share{}, nil, err
	}
	over := func(v *graph.Value) *graph.Value { return b.mean(b.ReduceSum(b.Mul(q, v), false, 1)) }
	entropy := b.Neg(over(logq))
	// KL(q(y|x) || p(y)) = log classes - H.
	unseen := b.Sub(b.Scalar(math.Log(float64(b.classes)), entropy), entropy)
	return share{over(reconstruction), b.Add(over(kl), unseen)}, entropy, nil
}

// mean is that of a minibatch's numbers.
func (b *bound) mean(v *graph.Value) *graph.Value { return b.ReduceMean(v, false, 0) }

// params are the weights of the three networks; those of an M1 are no part of the objective.
func (b *bound) params() []*graph.Value {
	var params []*graph.Value
	for _, w := range b.Weights {
		if w.DType == tensor.Float32 {
			params = append(params, w)
		}
	}
	return params
}

// weightPrior is -log N(weights; 0, deviation^2) / N, but for its constant.
func (b *bound) weightPrior() *graph.Value {
	n := float64(b.labelled.Len())
	if b.unlabelled != nil {
		n += float64(b.unlabelled.Len())
	}
	var sum *graph.Value
	for _, w := range b.o.Params {
		s := b.ReduceSum(b.Square(w), false)
		if sum == nil {
			sum = s
		} else {
			sum = b.Add(sum, s)
		}
	}
	return b.Mul(sum, b.Scalar(1/(2*n*b.deviation*b.deviation), sum))
}
