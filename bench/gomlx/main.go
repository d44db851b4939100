// Command gomlx is a side.Host that trains the 784-500-20 VAE on GoMLX's backend in Go.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers the backend "go"
	mlx "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/elbo-ml/elbo/bench/side"
)

func main() {
	if err := side.Serve(open); err != nil {
		fmt.Fprintln(os.Stderr, "gomlx:", err)
		os.Exit(1)
	}
}

// training is one Adam step after another. step takes a minibatch and its noise and gives the loss.
type training struct {
	step   *model.Exec
	x, eps []*tensors.Tensor
}

// open takes "vae DIR BATCH STEPS": the folder holds weights, minibatches and noise.
func open(task string, args []string) (_ side.Task, err error) {
	if task != "vae" || len(args) != 3 {
		return nil, errors.New("not a task of this program")
	}
	batch, err1 := strconv.Atoi(args[1])
	steps, err2 := strconv.Atoi(args[2])
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	t := &training{}
	if t.x, err = pieces(filepath.Join(args[0], "x"), steps, batch, 784); err != nil {
		return nil, err
	}
	if t.eps, err = pieces(filepath.Join(args[0], "noise0"), steps, batch, 20); err != nil {
		return nil, err
	}
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		return nil, err
	}
	vae, err := newVAE(args[0])
	if err != nil {
		return nil, err
	}
	adam := optimizer.Adam().LearningRate(1e-3).Epsilon(1e-8).Done()
	t.step, err = model.NewExec(backend, model.NewStore(), func(s *model.Scope, x, eps *mlx.Node) *mlx.Node {
		loss := vae.negativeELBO(s, x, eps)
		adam.UpdateGraph(s, x.Graph(), loss)
		return loss
	})
	return t, err
}

// pieces are the tensors of a file that holds n of them, one after the other.
func pieces(path string, n int, shape ...int) ([]*tensors.Tensor, error) {
	all, err := side.ReadArray(path)
	if err != nil {
		return nil, err
	}
	size := len(all) / n
	var out []*tensors.Tensor
	for i := range n {
		out = append(out, tensors.FromFlatDataAndDimensions(all[i*size:(i+1)*size], shape...))
	}
	return out, nil
}

func (t *training) once(i int) (float32, error) {
	loss, err := t.step.Call1(t.x[i], t.eps[i])
	if err != nil {
		return 0, err
	}
	return loss.Value().(float32), nil
}

// Check is the loss of each step on the given minibatches and noise.
func (t *training) Check() ([]float32, error) {
	var losses []float32
	for i := range t.x {
		loss, err := t.once(i)
		if err != nil {
			return nil, err
		}
		losses = append(losses, loss)
	}
	return losses, nil
}

// Run is a step on the first minibatch, and on its noise each time: drawing other noise would cost GoMLX more.
func (t *training) Run() error {
	_, err := t.once(0)
	return err
}

func (t *training) Close() {}
