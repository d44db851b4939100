package main

import (
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"time"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers the backend "go"
	mlx "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/elbo-ml/elbo/bench/side"
)

// gomlx is the same step on GoMLX's backend in Go. It takes all the cores it finds, so its threads are GOMAXPROCS,
// set for the length of a burst.
func gomlx(threads int) side.Side {
	return side.Side{Name: "GoMLX, Go backend" + simd, Threads: threads, Open: func() (side.Burst, func(), error) {
		backend, err := compute.NewWithConfig("go")
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", side.ErrSkip, err)
		}
		adam := optimizer.Adam().LearningRate(1e-3).Done()
		step, err := model.NewExec(backend, model.NewStore(), func(s *model.Scope, x, eps *mlx.Node) *mlx.Node {
			loss := negativeELBO(s, x, eps)
			adam.UpdateGraph(s, x.Graph(), loss)
			return loss
		})
		if err != nil {
			return nil, nil, err
		}
		x, eps := images(batch)
		burst := func(n int) (time.Duration, error) {
			defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(threads))
			start := time.Now()
			for range n {
				loss, err := step.Call(x, eps)
				if err != nil {
					return 0, err
				}
				loss[0].Value()
			}
			return time.Since(start), nil
		}
		return burst, func() {}, nil
	}}
}

func negativeELBO(s *model.Scope, x, eps *mlx.Node) *mlx.Node {
	h := mlx.Tanh(layers.Dense(s.In("hidden"), x, true, 500))
	mean, logvar := layers.Dense(s.In("mean"), h, true, 20), layers.Dense(s.In("logvar"), h, true, 20)
	z := mlx.Add(mean, mlx.Mul(mlx.Exp(mlx.MulScalar(logvar, 0.5)), eps))
	l := layers.Dense(s.In("logits"), mlx.Tanh(layers.Dense(s.In("decode"), z, true, 500)), true, 784)
	softplus := mlx.Add(mlx.Max(l, mlx.ZerosLike(l)), mlx.Log1P(mlx.Exp(mlx.Neg(mlx.Abs(l)))))
	reconstruction := mlx.ReduceAllSum(mlx.Sub(mlx.Mul(l, x), softplus))
	kl := mlx.MulScalar(mlx.ReduceAllSum(mlx.Sub(mlx.OnePlus(logvar), mlx.Add(mlx.Mul(mean, mean), mlx.Exp(logvar)))), -0.5)
	return mlx.DivScalar(mlx.Sub(kl, reconstruction), batch)
}

func images(n int) (x, eps *tensors.Tensor) {
	r := rand.New(rand.NewPCG(1, 2))
	xs, es := make([][]float32, n), make([][]float32, n)
	for i := range n {
		xs[i], es[i] = make([]float32, 784), make([]float32, 20)
		for j := range xs[i] {
			xs[i][j] = float32(r.IntN(2))
		}
		for j := range es[i] {
			es[i][j] = float32(r.NormFloat64())
		}
	}
	return tensors.FromValue(xs), tensors.FromValue(es)
}
