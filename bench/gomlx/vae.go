package main

import (
	"fmt"
	"path/filepath"

	mlx "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/elbo-ml/elbo/bench/side"
)

// layer is a dense layer: a weight [in, out] and a bias [out].
type layer struct {
	name    string
	in, out int
	w, b    *tensors.Tensor
}

// vae is the 784-500-20 VAE of arXiv 1312.6114 with a Bernoulli decoder.
type vae struct{ hidden, mean, logvar, decode, logits *layer }

// newVAE reads the weights from the files w0, b0 = w1, ... of a folder, where a weight lies as [out, in].
func newVAE(dir string) (*vae, error) {
	v := &vae{&layer{name: "hidden", in: 784, out: 500}, &layer{name: "mean", in: 500, out: 20}, &layer{name: "logvar", in: 500, out: 20},
		&layer{name: "decode", in: 20, out: 500}, &layer{name: "logits", in: 500, out: 784}}
	for i, l := range []*layer{v.hidden, v.mean, v.logvar, v.decode, v.logits} {
		w, err := side.ReadArray(filepath.Join(dir, fmt.Sprintf("w%d", 2*i)))
		if err != nil {
			return nil, err
		}
		b, err := side.ReadArray(filepath.Join(dir, fmt.Sprintf("w%d", 2*i+1)))
		if err != nil {
			return nil, err
		}
		turned := make([]float32, len(w))
		for o := range l.out {
			for i := range l.in {
				turned[i*l.out+o] = w[o*l.in+i]
			}
		}
		l.w, l.b = tensors.FromFlatDataAndDimensions(turned, l.in, l.out), tensors.FromFlatDataAndDimensions(b, l.out)
	}
	return v, nil
}

// on is x w + b.
func (l *layer) on(s *model.Scope, x *mlx.Node) *mlx.Node {
	s = s.In("%s", l.name)
	w, b := s.VariableWithValue("weights", l.w).NodeValue(x), s.VariableWithValue("biases", l.b).NodeValue(x)
	return mlx.Add(mlx.MatMul(x, w), mlx.ExpandLeftToRank(b, 2))
}

func (v *vae) negativeELBO(s *model.Scope, x, eps *mlx.Node) *mlx.Node {
	h := mlx.Tanh(v.hidden.on(s, x))
	mean, logvar := v.mean.on(s, h), v.logvar.on(s, h)
	z := mlx.Add(mean, mlx.Mul(mlx.Exp(mlx.MulScalar(logvar, 0.5)), eps))
	l := v.logits.on(s, mlx.Tanh(v.decode.on(s, z)))
	softplus := mlx.Add(mlx.Max(l, mlx.ZerosLike(l)), mlx.Log1P(mlx.Exp(mlx.Neg(mlx.Abs(l)))))
	reconstruction := mlx.ReduceAllSum(mlx.Sub(mlx.Mul(l, x), softplus))
	kl := mlx.MulScalar(mlx.ReduceAllSum(mlx.Sub(mlx.OnePlus(logvar), mlx.Add(mlx.Mul(mean, mean), mlx.Exp(logvar)))), -0.5)
	return mlx.DivScalar(mlx.Sub(kl, reconstruction), float64(x.Shape().Dimensions[0]))
}
