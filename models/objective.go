package models

import (
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/passes"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// Objective is the negative ELBO of a minibatch over the model's own weights: encoder, reparameterised sample, decoder,
// likelihood and KL in one graph. Its inputs are x [batch, row...], eps [batch, latent] and kl_weight. Params are the
// weights that the loss depends on, but for masks. The layers are in training mode (graph.TrainingMode): BatchNormalization
// goes by the minibatch and moves its running statistics, Dropout drops. Maximise has other bounds.
func (v *VAE) Objective() (*train.Objective, error) { return v.objective(Bound{}) }

func (v *VAE) objective(b Bound) (*train.Objective, error) {
	g := graph.New(v.manifest.Name)
	o := &train.Objective{Graph: g, X: v.inputX(g)}
	w := &objective{v: v, g: g, o: o, bound: b, k: max(b.K, 1)}
	if err := w.write(); err != nil {
		return nil, fmt.Errorf("models: objective: %w", err)
	}
	o.Params = trainable(g)
	o.Running = graph.TrainingMode(g)
	for _, l := range graph.LiftNoise(g) {
		v, err := noiseByRow(g, l.Value)
		if err != nil {
			return nil, fmt.Errorf("models: objective: the noise of %s %q: %w", l.Op, l.Node, err)
		}
		o.Uniform = append(o.Uniform, v)
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("models: objective: %w", err)
	}
	if len(o.Params) == 0 {
		return nil, fmt.Errorf("models: objective: the graphs hold no float32 weights to train; export them without constant folding (see docs/onnx.md)")
	}
	return o, nil
}

// objective is an objective being written. Rows are [batch*k], the k draws of a datapoint one after the other.
type objective struct {
	v     *VAE
	g     *graph.Graph
	o     *train.Objective
	bound Bound
	k     int

	x        *graph.Value   // what the likelihood scores
	features []*graph.Value // of the posterior
	eps      *graph.Value
}

func (w *objective) write() error {
	if err := w.inputs(); err != nil {
		return err
	}
	draw, err := w.v.latents.infer(w.g, w.features, w.eps)
	if err != nil {
		return err
	}
	logProb, err := w.v.logProbOn(w.g, w.x, draw.z)
	if err != nil {
		return err
	}
	if w.bound.Estimator == SGVBA {
		draw.groups, draw.unitKL = draw.ratios, nil
	}
	reconstruction, kl := w.mean(logProb), w.mean(draw.kl(w.g))
	w.o.ELBO = w.g.Output("elbo", w.g.Sub(reconstruction, kl))
	w.o.Reconstruction = w.g.Output("reconstruction", reconstruction)
	w.o.KL = w.g.Output("kl", kl)
	w.layers(draw)
	loss, err := w.loss(draw, logProb)
	if err != nil {
		return err
	}
	w.o.Loss = w.g.Output("loss", w.withPrior(w.withFreeBits(loss, draw)))
	return nil
}

// inputs makes the inputs and what the encoder tells of x.
func (w *objective) inputs() (err error) {
	g, latent := w.g, w.v.manifest.Latent
	shape := []any{"batch", latent}
	if w.k > 1 {
		shape = []any{"batch", w.k, latent}
	}
	w.eps = g.Input("eps", shape...)
	w.o.Noise = []*graph.Value{w.eps}
	w.o.KLWeight = g.InputOf(tensor.Float32, "kl_weight", graph.Shape{})
	if w.k > 1 {
		w.eps = g.Reshape(w.eps, g.Int64s(-1, latent))
	}
	w.x = w.v.preprocess(g, w.o.X)
	if w.features, err = w.v.latents.encode(g, w.x); err != nil {
		return err
	}
	for i := range w.features {
		if w.features[i], err = replicated(g, w.features[i], w.k); err != nil {
			return err
		}
	}
	w.x, err = replicated(g, w.x, w.k)
	return err
}

// mean is over all rows.
func (w *objective) mean(x *graph.Value) *graph.Value { return w.g.ReduceMean(x, false, 0) }

// layers reports the KL of each stochastic layer, where there are several.
func (w *objective) layers(draw *inference) {
	if len(draw.groups) < 2 {
		w.o.LatentKL = []*graph.Value{w.o.KL}
		return
	}
	for i, kl := range draw.groups {
		w.o.Terms = append(w.o.Terms, w.g.Output(fmt.Sprintf("kl%d", i+1), w.mean(kl)))
	}
	w.o.LatentKL = slices.Clone(w.o.Terms)
}

func (w *objective) loss(draw *inference, logProb *graph.Value) (*graph.Value, error) {
	g := w.g
	if !w.bound.weighted() {
		return g.Neg(g.Sub(w.o.Reconstruction, g.Mul(w.o.KLWeight, w.o.KL))), nil
	}
	weights := g.Add(logProb, g.Mul(w.o.KLWeight, g.Sub(draw.logp, draw.logq)))
	bound := w.importance(weights)
	w.o.Terms = append(w.o.Terms, g.Output("iwae", bound))
	if w.bound.Estimator == IWAE {
		return g.Neg(bound), nil
	}
	return w.dreg(draw, bound)
}

// withPrior is the loss with the negative log-density of the weights, up to a constant.
func (w *objective) withPrior(loss *graph.Value) *graph.Value {
	if w.bound.WeightPrior == 0 {
		return loss
	}
	var squares []*graph.Value
	for _, p := range trainable(w.g) {
		squares = append(squares, w.g.ReduceSum(w.g.Square(p), false))
	}
	penalty := w.g.Mul(total(w.g, squares), w.g.Scalar(w.bound.WeightPrior/2, loss))
	w.o.Terms = append(w.o.Terms, w.g.Output("weight_prior", penalty))
	return w.g.Add(loss, penalty)
}

// importance is the mean over the datapoints of log 1/k sum_i exp(w_i), for log w of each draw: [batch*k] to a number.
func (w *objective) importance(logw *graph.Value) *graph.Value {
	g := w.g
	each := g.ReduceLogSumExp(g.Reshape(logw, g.Int64s(-1, w.k)), false, 1)
	return g.Sub(w.mean(each), g.Scalar(math.Log(float64(w.k)), each))
}

// withFreeBits adds to the loss what the KLs lack of the free bits, so that raising them that far costs nothing.
func (w *objective) withFreeBits(loss *graph.Value, draw *inference) *graph.Value {
	g, free := w.g, w.bound.FreeBits
	if free == 0 {
		return loss
	}
	lack := func(kl *graph.Value, bits float64) *graph.Value {
		return g.Max(g.Sub(g.Scalar(bits, kl), kl), g.Scalar(0, kl))
	}
	var lacks []*graph.Value
	if draw.unitKL != nil {
		lacks = append(lacks, g.ReduceSum(lack(g.ReduceMean(draw.unitKL, false, 0), free), false, 0))
	} else {
		units := float64(w.v.manifest.Latent) / float64(len(draw.groups))
		for _, kl := range draw.groups {
			lacks = append(lacks, lack(w.mean(kl), free*units))
		}
	}
	return g.Add(loss, g.Mul(w.o.KLWeight, total(g, lacks)))
}

// trainable are the float32 weights of g that are parameters.
func trainable(g *graph.Graph) []*graph.Value {
	fixed := passes.Fixed(g)
	var params []*graph.Value
	for _, w := range g.Weights {
		if w.DType == tensor.Float32 && !fixed[w] {
			params = append(params, w)
		}
	}
	return params
}

// noiseByRow makes the numbers that v takes those of an input [batch, ...]: v itself, or one of as many numbers a row where
// the batch is another of v's axes.
func noiseByRow(g *graph.Graph, v *graph.Value) (*graph.Value, error) {
	batch := graph.Sym("batch")
	if _, known := v.Shape[min(1, len(v.Shape)):].Known(); known && len(v.Shape) > 0 && v.Shape[0].Equal(batch) {
		return v, nil
	}
	size, known := v.Shape.Size().Div(batch).Known()
	shape, open := make([]int, len(v.Shape)), 0
	for i, d := range v.Shape {
		n, fixed := d.Known()
		if !fixed {
			n = -1
			open++
		}
		shape[i] = n
	}
	if !known || open != 1 {
		return nil, fmt.Errorf("its shape %v is no multiple of the batch: %w", v.Shape, graph.ErrUnsupported)
	}
	rows := g.Input(g.Fresh(v.Name), "batch", size)
	nodes := g.Nodes
	g.Nodes = nil
	shaped := g.Reshape(rows, g.Int64s(shape...))
	g.Nodes = append(g.Nodes, nodes...)
	for _, n := range nodes {
		for i, in := range n.Inputs {
			if in == v {
				n.Inputs[i] = shaped
			}
		}
	}
	g.Inputs = slices.DeleteFunc(g.Inputs, func(in *graph.Value) bool { return in == v })
	return rows, nil
}
