package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// The directions of inference through several stochastic layers.
const (
	// BottomUp infers each layer from the one below it: q(z|x) = q(z_1|x) q(z_2|z_1, x) ... (Burda et al., 2015).
	BottomUp = "bottom-up"
	// Bidirectional goes up through deterministic layers first, and infers from the top down, where each layer sees what was
	// drawn above it, as the prior does (Kingma et al., 2016, section 3.2; Sonderby et al., 2016).
	Bidirectional = "bidirectional"
)

// ladder is several stochastic layers, levels from the bottom to the top, under the prior
//
//	p(z) = p(z_L) p(z_{L-1}|z_L) ... p(z_1|z_2..z_L),  p(z_L) = N(0, I)
//
// all of diagonal Gaussians. d_l is what the level sees from below and h_l what it sees from above; each level is one graph
//
//	mean, logvar, context:     of q(z_l|...), from d, and in bidirectional inference h; context if the draw passes a flow
//	prior_mean, prior_logvar:  of p(z_l|...), from h; the top has none
//	up:                        d of the level above, from d, and in bottom-up inference z
//	down:                      h of the level below, and what the decoder reads below the first, from z and h
//
// of which a program takes what it needs. z is [z_1, ..., z_L] side by side, and so is eps.
type ladder struct {
	encoder  *part
	levels   []*part
	units    []int     // of each level
	flows    [][]*part // of each level: what its draw passes
	bottomUp bool
}

// newLadder finds the levels that the manifest names.
func (v *VAE) newLadder() (*ladder, error) {
	m := v.manifest
	l := &ladder{encoder: v.encoder, bottomUp: m.Inference == BottomUp}
	if m.Inference != BottomUp && m.Inference != Bidirectional {
		return nil, fmt.Errorf("inference %q is not known; use %s or %s", m.Inference, BottomUp, Bidirectional)
	}
	if len(m.Posterior) > 0 || m.Prior.Kind != "" || len(m.LevelFlows) > 0 && len(m.LevelFlows) != len(m.Levels) {
		return nil, fmt.Errorf("several stochastic layers go with a flow for each, and with no prior of their own")
	}
	if err := v.encoder.needs(nil, []string{"up"}); err != nil {
		return nil, err
	}
	total := 0
	for i, name := range m.Levels {
		p := v.parts[name]
		if p == nil {
			return nil, fmt.Errorf("the level %q is missing", name)
		}
		inputs, outputs := []string{"d", "z"}, []string{"mean", "logvar", "down"}
		if top := i == len(m.Levels)-1; !top {
			inputs, outputs = append(inputs, "h"), append(outputs, "prior_mean", "prior_logvar", "up")
		}
		if err := p.needs(inputs, outputs); err != nil {
			return nil, err
		}
		var flow []*part
		if len(m.LevelFlows) > 0 {
			var err error
			if flow, err = v.steps(m.LevelFlows[i]); err != nil {
				return nil, err
			}
		}
		if conditional(flow) && p.out["context"] == nil {
			return nil, fmt.Errorf("the flow of %s takes a context and the level's roles name none: %v", name, rolesOf(p.out))
		}
		l.flows = append(l.flows, flow)
		row, err := rowOf(p.in["z"], nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		l.levels, l.units = append(l.levels, p), append(l.units, rowSize(row))
		total += rowSize(row)
	}
	if total != m.Latent {
		return nil, fmt.Errorf("the levels have %d latent units in all, not the %d of the manifest", total, m.Latent)
	}
	return l, nil
}

// encode gives d of the first level, and in bidirectional inference of all.
func (l *ladder) encode(g *graph.Graph, x *graph.Value) ([]*graph.Value, error) {
	d, err := l.encoder.appendTo(g, feeds{"x": x}, l.encoder.out["up"])
	if err != nil || l.bottomUp {
		return d, err
	}
	for _, level := range l.levels[:len(l.levels)-1] {
		out, err := level.appendTo(g, feeds{"d": d[len(d)-1]}, level.out["up"])
		if err != nil {
			return nil, err
		}
		d = append(d, out[0])
	}
	return d, nil
}

// gaussian is what a level's distribution is: mean and logvar [batch, units]; nil of N(0, I).
type gaussian struct{ mean, logvar *graph.Value }

// from appends a Gaussian of level i.
func (l *ladder) from(g *graph.Graph, i int, mean, logvar string, in feeds) (gaussian, error) {
	level := l.levels[i]
	out, err := level.appendTo(g, in, level.out[mean], level.out[logvar])
	if err != nil {
		return gaussian{}, err
	}
	for _, v := range out {
		if !sizedRow(v.Shape, l.units[i]) {
			return gaussian{}, fmt.Errorf("%s gives %v, not %d units per row", level.name, v, l.units[i])
		}
	}
	return gaussian{out[0], out[1]}, nil
}

// downward goes from the top to the bottom. at is told each level, its prior and h from above, and gives its z. What comes
// out is the state below the first level.
func (l *ladder) downward(g *graph.Graph, at func(i int, prior gaussian, h *graph.Value) (z *graph.Value, err error)) (*graph.Value, error) {
	var h *graph.Value
	for i := len(l.levels) - 1; i >= 0; i-- {
		in, prior := feeds{}, gaussian{}
		if h != nil {
			in["h"] = h
			var err error
			if prior, err = l.from(g, i, "prior_mean", "prior_logvar", in); err != nil {
				return nil, err
			}
		}
		z, err := at(i, prior, h)
		if err != nil {
			return nil, err
		}
		in["z"] = z
		out, err := l.levels[i].appendTo(g, in, l.levels[i].out["down"])
		if err != nil {
			return nil, err
		}
		h = out[0]
	}
	return h, nil
}

// path is a draw from the posterior, with what it was drawn from and under, by level.
type path struct {
	z                []*graph.Value
	posterior, prior []gaussian
	logdets          [][]*graph.Value // of the steps of the flow
}

// walk draws level by level in the order of inference: draw gives z of a level, before its flow.
func (l *ladder) walk(g *graph.Graph, d []*graph.Value, draw func(i int, q gaussian) *graph.Value) (*path, error) {
	n := len(l.levels)
	p := &path{make([]*graph.Value, n), make([]gaussian, n), make([]gaussian, n), make([][]*graph.Value, n)}
	infer := func(i int, in feeds) (err error) {
		if p.posterior[i], err = l.from(g, i, "mean", "logvar", in); err != nil {
			return err
		}
		var context *graph.Value
		if conditional(l.flows[i]) {
			out, err := l.levels[i].appendTo(g, in, l.levels[i].out["context"])
			if err != nil {
				return err
			}
			context = out[0]
		}
		p.z[i], p.logdets[i], err = pass(g, l.flows[i], draw(i, p.posterior[i]), context, l.units[i])
		return err
	}
	if l.bottomUp {
		below := d[0]
		for i, level := range l.levels {
			if err := infer(i, feeds{"d": below}); err != nil {
				return nil, err
			}
			if i == n-1 {
				break
			}
			out, err := level.appendTo(g, feeds{"d": below, "z": p.z[i]}, level.out["up"])
			if err != nil {
				return nil, err
			}
			below = out[0]
		}
	}
	_, err := l.downward(g, func(i int, prior gaussian, h *graph.Value) (*graph.Value, error) {
		p.prior[i] = prior
		if l.bottomUp {
			return p.z[i], nil
		}
		in := feeds{"d": d[i]}
		if h != nil {
			in["h"] = h
		}
		err := infer(i, in)
		return p.z[i], err
	})
	return p, err
}

func (l *ladder) infer(g *graph.Graph, features []*graph.Value, eps *graph.Value) (*inference, error) {
	noise := l.split(g, eps)
	p, err := l.walk(g, features, func(i int, q gaussian) *graph.Value { return Reparameterize(g, q.mean, q.logvar, noise[i]) })
	if err != nil {
		return nil, err
	}
	draw := &inference{z: g.Concat(1, p.z...)}
	var logq, logp, units []*graph.Value
	for i, q := range p.posterior {
		logq = append(logq, sumRows(g, normalTerms(g, g.Add(q.logvar, g.Square(noise[i])))))
		for _, logdet := range p.logdets[i] {
			logq[i] = g.Sub(logq[i], logdet)
		}
		logp = append(logp, p.prior[i].logProb(g, p.z[i]))
		draw.ratios = append(draw.ratios, g.Sub(logq[i], logp[i]))
		if len(l.flows[i]) > 0 {
			draw.groups = append(draw.groups, draw.ratios[i])
			continue
		}
		kl := p.prior[i].unitKL(g, q)
		units, draw.groups = append(units, kl), append(draw.groups, sumRows(g, kl))
	}
	draw.logq, draw.logp = total(g, logq), total(g, logp)
	if len(units) == len(l.levels) {
		draw.unitKL = g.Concat(1, units...)
	}
	return draw, nil
}

// logProb is the log-density of each row of z.
func (n gaussian) logProb(g *graph.Graph, z *graph.Value) *graph.Value {
	if n.mean == nil {
		return StandardNormalLogProb(g, z)
	}
	return NormalLogProb(g, z, n.mean, n.logvar)
}

// unitKL is KL(q || n) of each unit:
//
//	1/2 (logvar_n - logvar_q + (exp(logvar_q) + (mean_q - mean_n)^2) exp(-logvar_n) - 1)
func (n gaussian) unitKL(g *graph.Graph, q gaussian) *graph.Value {
	if n.mean == nil {
		return NormalUnitKL(g, q.mean, q.logvar)
	}
	second := g.Add(g.Exp(q.logvar), g.Square(g.Sub(q.mean, n.mean)))
	ratio := g.Mul(second, g.Exp(g.Neg(n.logvar)))
	return g.Half(g.Sub(g.Add(g.Sub(n.logvar, q.logvar), ratio), g.Scalar(1, ratio)))
}

// split is z or eps by level.
func (l *ladder) split(g *graph.Graph, z *graph.Value) []*graph.Value {
	return g.Split(z, 1, l.units...)
}

func (l *ladder) center(g *graph.Graph, features []*graph.Value) (z, logvar *graph.Value, err error) {
	p, err := l.walk(g, features, func(_ int, q gaussian) *graph.Value { return q.mean })
	if err != nil {
		return nil, nil, err
	}
	var logvars []*graph.Value
	for _, q := range p.posterior {
		logvars = append(logvars, q.logvar)
	}
	return g.Concat(1, p.z...), g.Concat(1, logvars...), nil
}

func (l *ladder) logPrior(g *graph.Graph, z *graph.Value) (*graph.Value, error) {
	parts := l.split(g, z)
	var all []*graph.Value
	_, err := l.downward(g, func(i int, prior gaussian, _ *graph.Value) (*graph.Value, error) {
		all = append(all, prior.logProb(g, parts[i]))
		return parts[i], nil
	})
	if err != nil {
		return nil, err
	}
	return total(g, all), nil
}

func (l *ladder) noise() int {
	n := 0
	for _, units := range l.units {
		n += units
	}
	return n
}

func (l *ladder) generate(g *graph.Graph, eps *graph.Value) (*graph.Value, error) {
	noise, z := l.split(g, eps), make([]*graph.Value, len(l.levels))
	_, err := l.downward(g, func(i int, prior gaussian, _ *graph.Value) (*graph.Value, error) {
		if z[i] = noise[i]; prior.mean != nil {
			z[i] = Reparameterize(g, prior.mean, prior.logvar, noise[i])
		}
		return z[i], nil
	})
	if err != nil {
		return nil, err
	}
	return g.Concat(1, z...), nil
}

func (l *ladder) state(g *graph.Graph, z *graph.Value) (*graph.Value, error) {
	parts := l.split(g, z)
	return l.downward(g, func(i int, _ gaussian, _ *graph.Value) (*graph.Value, error) { return parts[i], nil })
}
