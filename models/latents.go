package models

import "github.com/elbo-ml/elbo/graph"

// latents are the latent variables of a model: q(z|x), p(z), and how a graph of either is written. Formulas go into the
// graph at hand; z is [batch, latent], with all stochastic layers side by side.
type latents interface {
	// encode gives what the posterior needs to know of x, as the encoder reads it: [batch, ...] each.
	encode(g *graph.Graph, x *graph.Value) (features []*graph.Value, err error)
	// infer draws from q(z|x) by the noise eps [batch, latent].
	infer(g *graph.Graph, features []*graph.Value, eps *graph.Value) (*inference, error)
	// center is the draw by noise of zeros, and the log-variances on its way: [batch, latent] each.
	center(g *graph.Graph, features []*graph.Value) (z, logvar *graph.Value, err error)
	// logPrior is log p(z) of each row, in nats.
	logPrior(g *graph.Graph, z *graph.Value) (*graph.Value, error)
	// noise is how many standard normal numbers a draw from p(z) takes, and generate draws by them: [batch, noise].
	noise() int
	generate(g *graph.Graph, eps *graph.Value) (z *graph.Value, err error)
	// state is what the decoder reads, given all of z.
	state(g *graph.Graph, z *graph.Value) (*graph.Value, error)
}

// inference is a draw from q(z|x).
type inference struct {
	z *graph.Value // [batch, latent]
	// logq and logp are log q(z|x) and log p(z) of each row, in nats.
	logq, logp *graph.Value
	// groups are the KL of each stochastic layer, [batch]: in closed form where there is one, else log q - log p of the draw.
	groups []*graph.Value
	// ratios are log q - log p of the draw in each stochastic layer, [batch]: the KL by Monte Carlo.
	ratios []*graph.Value
	// unitKL is the KL of each unit in closed form, [batch, latent], or nil.
	unitKL *graph.Value
}

// kl is the KL of all groups: [batch].
func (i *inference) kl(g *graph.Graph) *graph.Value { return total(g, i.groups) }

func total(g *graph.Graph, vs []*graph.Value) *graph.Value {
	all := vs[0]
	for _, v := range vs[1:] {
		all = g.Add(all, v)
	}
	return all
}
