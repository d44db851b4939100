package ssl

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
)

// logits appends the classifier.
func (m *M2) logits(g *graph.Graph, x *graph.Value) (*graph.Value, error) {
	out, err := at(g, "classifier", m.graphs["classifier"], map[string]*graph.Value{"x": x})
	return out["logits"], err
}

// draw appends encoder and decoder: a draw of z from q(z|x,y) by eps, and the outputs of both.
func (m *M2) draw(g *graph.Graph, x, y, eps *graph.Value) (z *graph.Value, q, p map[string]*graph.Value, err error) {
	if q, err = at(g, "encoder", m.graphs["encoder"], map[string]*graph.Value{"x": x, "y": y}); err != nil {
		return nil, nil, nil, err
	}
	z = models.Reparameterize(g, q["mean"], q["logvar"], eps)
	p, err = at(g, "decoder", m.graphs["decoder"], map[string]*graph.Value{"z": z, "y": y})
	return z, q, p, err
}

// jointBound appends log p(x|y,z) and KL(q(z|x,y) || p(z)) of each row: x [n, size], y [n, classes] and eps [n, latent] to
// [n] each.
func (m *M2) jointBound(g *graph.Graph, x, y, eps *graph.Value) (reconstruction, kl *graph.Value, err error) {
	_, q, p, err := m.draw(g, x, y, eps)
	if err != nil {
		return nil, nil, err
	}
	return m.logProb(g, x, p), models.NormalKL(g, q["mean"], q["logvar"]), nil
}

// allClasses is jointBound for every class at once: x [n, size] and eps [n, classes, latent] to [n, classes] each.
func (m *M2) allClasses(g *graph.Graph, x, eps *graph.Value) (reconstruction, kl *graph.Value, err error) {
	_, q, p, err := m.draw(g, g.Unsqueeze(x, 1), eye(g, m.classes), eps)
	if err != nil {
		return nil, nil, err
	}
	return m.logProbOfClasses(g, x, p), g.ReduceSum(models.NormalUnitKL(g, q["mean"], q["logvar"]), false, 2), nil
}

// logProb is log p(x|y,z) of each row: x [n, size] to [n].
func (m *M2) logProb(g *graph.Graph, x *graph.Value, p map[string]*graph.Value) *graph.Value {
	if m.manifest.Likelihood == models.Bernoulli {
		return models.BernoulliLogProb(g, x, p["logits"])
	}
	return models.NormalLogProb(g, x, p["mean"], p["logvar"])
}

// logProbOfClasses is logProb where the decoder's outputs are [n, classes, size]: [n, classes].
func (m *M2) logProbOfClasses(g *graph.Graph, x *graph.Value, p map[string]*graph.Value) *graph.Value {
	rows := map[string]*graph.Value{}
	for name, v := range p {
		rows[name] = g.Reshape(v, g.Int64s(-1, m.size))
	}
	every := g.Reshape(g.Expand(g.Unsqueeze(x, 1), g.Int64s(1, m.classes, 1)), g.Int64s(-1, m.size))
	return g.Reshape(m.logProb(g, every, rows), g.Int64s(-1, m.classes))
}
