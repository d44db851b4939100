package serve

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/models"
)

// encode answers with the posterior q(z|x) of each row.
func (s *Server) encode(ctx context.Context, v *models.VAE, r *request) (*answer, error) {
	x, err := r.X.tensor("x", s.config.MaxBatch, v.Manifest().Shape)
	if err != nil {
		return nil, err
	}
	q, err := v.Encode(ctx, x)
	if err != nil {
		return nil, err
	}
	return &answer{body: map[string]any{"mean": nested(q.Mean), "logvar": nested(q.LogVar)}}, nil
}

// decode answers with E[x|z] of each row.
func (s *Server) decode(ctx context.Context, v *models.VAE, r *request) (*answer, error) {
	z, err := r.Z.tensor("z", s.config.MaxBatch, []int{v.Manifest().Latent})
	if err != nil {
		return nil, err
	}
	x, err := v.Decode(ctx, z)
	if err != nil {
		return nil, err
	}
	return &answer{body: map[string]any{"x": nested(x)}, images: x}, nil
}

// sample answers with E[x|z] for z drawn from the prior by the seed.
func (s *Server) sample(ctx context.Context, v *models.VAE, r *request) (*answer, error) {
	n := 1
	if r.N != nil {
		n = *r.N
	}
	if n < 1 {
		return nil, badRequest(fmt.Errorf(`"n" must be at least 1, but is %d`, n))
	}
	if err := checkBatch(n, s.config.MaxBatch); err != nil {
		return nil, err
	}
	x, err := v.Sample(ctx, n, models.Seed(r.Seed))
	if err != nil {
		return nil, err
	}
	return &answer{body: map[string]any{"x": nested(x)}, images: x}, nil
}

// reconstruct answers with E[x|z] at the posterior's mean of each row.
func (s *Server) reconstruct(ctx context.Context, v *models.VAE, r *request) (*answer, error) {
	x, err := r.X.tensor("x", s.config.MaxBatch, v.Manifest().Shape)
	if err != nil {
		return nil, err
	}
	y, err := v.Reconstruct(ctx, x)
	if err != nil {
		return nil, err
	}
	return &answer{body: map[string]any{"x": nested(y)}, images: y}, nil
}

// score answers with each row's ELBO, its two terms, and for k > 1 the importance-weighted bound, in nats.
func (s *Server) score(ctx context.Context, v *models.VAE, r *request) (*answer, error) {
	k := 1
	if r.K != nil {
		k = *r.K
	}
	if k < 1 || k > s.config.MaxSamples {
		return nil, badRequest(fmt.Errorf(`"k" must be from 1 to %d, but is %d`, s.config.MaxSamples, k))
	}
	x, err := r.X.tensor("x", s.config.MaxBatch, v.Manifest().Shape)
	if err != nil {
		return nil, err
	}
	sc, err := v.Score(ctx, x, models.ScoreOptions{K: k, Seed: r.Seed})
	if err != nil {
		return nil, err
	}
	body := map[string]any{"elbo": sc.ELBO, "reconstruction": sc.Reconstruction, "kl": sc.KL}
	if k > 1 {
		body["iwae"] = sc.IWAE
	}
	return &answer{body: body}, nil
}
