package train_test

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// ramp is a source of 1000 rows whose two numbers have the means 0.2 and 0.7.
type ramp struct{}

func (ramp) Len() int     { return 1000 }
func (ramp) Shape() []int { return []int{2} }
func (ramp) Name() string { return "ramp (1000 x 2)" }
func (ramp) Close() error { return nil }

func (ramp) Read(ctx context.Context, rows []int, dst []float32) error {
	for i, row := range rows {
		spread := float32(row)/999 - 0.5
		dst[2*i], dst[2*i+1] = 0.2+0.1*spread, 0.7+0.5*spread
	}
	return nil
}

// gaussian is the model N(x; mean, 1), which has no latent variable: its ELBO is the likelihood.
type gaussian struct{ mean *tensor.Tensor }

func (m gaussian) Objective() (*train.Objective, error) {
	g := graph.New("gaussian")
	x, mean := g.Input("x", "batch", 2), g.Weight("mean", m.mean)
	logp := g.Neg(g.Half(g.ReduceMean(g.ReduceSum(g.Square(g.Sub(x, mean)), false, 1), false)))
	return &train.Objective{Graph: g, Loss: g.Neg(logp), ELBO: logp, Reconstruction: logp, KL: g.Sub(logp, logp),
		X: x, Params: []*graph.Value{mean}}, g.Err()
}

func (gaussian) Updated() {}

func ExampleFit() {
	m := gaussian{tensor.New(tensor.Float32, 2)}
	report, err := train.Fit(context.Background(), m, ramp{}, train.Options{
		Optimizer: train.Adam{LearningRate: 0.05},
		Schedule:  train.Cosine{},
		Epochs:    20,
		Seed:      1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d steps, mean %.2f\n", report.Steps, tensor.Data[float32](m.mean))
	// Output: 200 steps, mean [0.20 0.70]
}

// A graph of one layer under dropout of its weights: its outputs vary, and by how much is one call.
func ExampleVariational() {
	w := tensor.New(tensor.Float32, 1, 4)
	for i := range 4 {
		tensor.Data[float32](w)[i] = 0.5
	}
	g := graph.New("sum")
	g.Output("y", g.Linear(g.Input("x", "batch", 4), g.Weight("w", w), nil))

	v, err := train.Variational(g, train.VariationalOptions{Dropout: train.GaussianDropoutB, Rate: 0.2})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := tensor.New(tensor.Float32, 1, 4)
	for i := range 4 {
		tensor.Data[float32](x)[i] = 1
	}
	p, err := v.Predict(context.Background(), []*tensor.Tensor{x}, train.PredictOptions{Draws: 20000})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The variance is alpha times the sum of (x w)^2, with alpha = 0.2/0.8.
	fmt.Printf("noise %v; mean %.1f, variance %.2f\n", v.Noise[0], p[0].Mean.Floats()[0], p[0].Variance.Floats()[0])
	// Output: noise w.noise float32[batch,1]; mean 2.0, variance 0.25
}
