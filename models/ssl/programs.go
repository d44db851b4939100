package ssl

import (
	"context"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// programs are the graphs that the model runs, by name.
var programs = map[string]func(m *M2, g *graph.Graph) error{
	// x -> means and log-variances of the M1's features, [n, 2*size]; only where there is an M1.
	"features": func(m *M2, g *graph.Graph) error {
		out, err := m.onM1(g)
		if err == nil {
			g.Output("features", g.Concat(1, out["mean"], out["logvar"]))
		}
		return err
	},
	// x -> log q(y|x), [n, classes].
	"classify": func(m *M2, g *graph.Graph) error {
		x, err := m.xOf(g)
		if err != nil {
			return err
		}
		logits, err := m.logits(g, x)
		if err == nil {
			g.Output("log_probabilities", g.LogSoftmax(logits, -1))
		}
		return err
	},
	// x, eps [n, classes*latent] -> log p(x|y,z) + log p(z) - log q(z|x,y) for a draw of z for each class, [n, classes].
	"weigh": func(m *M2, g *graph.Graph) error {
		x, err := m.xOf(g)
		if err != nil {
			return err
		}
		eps := g.Reshape(g.Input("eps", "batch", m.classes*m.manifest.Latent), g.Int64s(-1, m.classes, m.manifest.Latent))
		z, q, p, err := m.draw(g, g.Unsqueeze(x, 1), eye(g, m.classes), eps)
		if err != nil {
			return err
		}
		// log p(z) - log q(z|x,y) = 1/2 sum (logvar + eps^2 - z^2): the constants cancel.
		ratio := g.Half(g.Sub(g.Add(q["logvar"], g.Square(eps)), g.Square(z)))
		g.Output("log_weights", g.Add(m.logProbOfClasses(g, x, p), g.ReduceSum(ratio, false, 2)))
		return nil
	},
	// x, y -> mean and logvar of q(z|x,y), [n, 2*latent].
	"encode": func(m *M2, g *graph.Graph) error {
		x, err := m.xOf(g)
		if err != nil {
			return err
		}
		q, err := at(g, "encoder", m.graphs["encoder"], map[string]*graph.Value{"x": x, "y": g.Input("y", "batch", m.classes)})
		if err == nil {
			g.Output("posterior", g.Concat(1, q["mean"], q["logvar"]))
		}
		return err
	},
	// z, y -> E[x|y,z], through the M1 where there is one.
	"decode": func(m *M2, g *graph.Graph) error {
		z, y := g.Input("z", "batch", m.manifest.Latent), g.Input("y", "batch", m.classes)
		p, err := at(g, "decoder", m.graphs["decoder"], map[string]*graph.Value{"z": z, "y": y})
		if err != nil {
			return err
		}
		mean := p["mean"]
		if m.Stacked() {
			if p, err = at(g, "pixels", m.graphs["pixels"], map[string]*graph.Value{"x": mean}); err != nil {
				return err
			}
			mean = p["mean"]
		}
		g.Output("expectation", mean)
		return nil
	},
}

// xOf appends the input x and gives what the three networks read: the means of an M1's features, or x itself.
func (m *M2) xOf(g *graph.Graph) (*graph.Value, error) {
	if !m.Stacked() {
		return g.Input("x", "batch", m.size), nil
	}
	out, err := m.onM1(g)
	return out["mean"], err
}

// onM1 appends the input x and the M1's encoder.
func (m *M2) onM1(g *graph.Graph) (map[string]*graph.Value, error) {
	of := m.graphs["features"]
	x := g.InputOf(tensor.Float32, "x", of.Inputs[named(of.Inputs, "x")].Shape)
	return at(g, "features", of, map[string]*graph.Value{"x": x})
}

// build makes the graph of a program over the model's own weights.
func (m *M2) build(name string) (*graph.Graph, error) {
	g := graph.New(m.manifest.Name)
	if err := programs[name](m, g); err != nil {
		return nil, err
	}
	return g, g.Err()
}

// run runs a program, compiled on first use, on minibatches of the rows of in, which all have as many.
func (m *M2) run(ctx context.Context, name string, in, out []*tensor.Tensor) error {
	p, err := m.program(name)
	if err != nil {
		return err
	}
	const batch = 256
	n := in[0].Shape()[0]
	rows := func(ts []*tensor.Tensor, lo, hi int) []*tensor.Tensor {
		parts := make([]*tensor.Tensor, len(ts))
		for i, t := range ts {
			parts[i] = t.Rows(lo, hi)
		}
		return parts
	}
	for lo := 0; lo < n; lo += batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+batch, n)
		if err := p.Run(ctx, rows(in, lo, hi), rows(out, lo, hi)); err != nil {
			return err
		}
	}
	return nil
}

func (m *M2) program(name string) (runtime.Program, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.programs[name]; p != nil {
		return p, nil
	}
	g, err := m.build(name)
	if err != nil {
		return nil, err
	}
	p, err := m.Engine.Compile(g, m.Run)
	if err == nil {
		m.programs[name] = p
	}
	return p, err
}
