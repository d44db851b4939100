package train

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// describe is all that decides what the run computes: a run that resumes must have the same. Its length is not part of
// it, so that a finished run may be lengthened, unless schedule or warm-up depend on it.
func (t *trainer) describe(obj *Objective, d data.Source) map[string]string {
	recipe := map[string]string{
		"model":          fingerprint(obj.Graph),
		"frozen weights": t.frozenSum(obj),
		"freeze":         strings.Join(t.Freeze, " "),
		"data":           d.Name(),
		"rows":           fmt.Sprint(d.Len()),
		"row shape":      tensor.Shape(d.Shape()).String(),
		"binarize":       t.Binarize.String(),
		"batch":          fmt.Sprint(t.Batch),
		"seed":           fmt.Sprint(t.Seed),
		"optimizer":      t.Optimizer.String(),
		"schedule":       t.Schedule.String(),
		"clip":           fmt.Sprint(t.Clip),
		"kl weight":      fmt.Sprint(t.KLWeight),
		"kl warm-up":     fmt.Sprintf("%d steps", t.warmup),
		"ema":            fmt.Sprint(t.EMA),
	}
	for _, v := range obj.Stopped {
		recipe["stopped gradients"] += v.Name + " "
	}
	for i, s := range obj.Sides {
		recipe[fmt.Sprintf("side %d", i)] = fmt.Sprintf("%s, %d a step", s.Data.Name(), s.Batch)
	}
	return recipe
}

// fingerprint tells graphs of different formulas or shapes apart; what the weights hold does not enter.
func fingerprint(g *graph.Graph) string {
	h := sha256.New()
	for _, v := range slices.Concat(g.Inputs, g.Weights, g.Outer) {
		fmt.Fprintln(h, v)
	}
	for _, n := range g.Nodes {
		fmt.Fprint(h, n.Domain, " ", n.Op)
		for _, v := range n.Inputs {
			if v == nil {
				fmt.Fprint(h, " -")
			} else if fmt.Fprint(h, " ", v.Name); v.Constant {
				h.Write(v.Data.Bytes())
			}
		}
		for _, name := range n.Attrs.Names() {
			value := n.Attrs[name]
			if body, ok := value.(*graph.Graph); ok {
				value = fingerprint(body)
			}
			fmt.Fprint(h, " ", name, "=", value)
		}
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// frozenSum is a checksum of the weights that the run does not change.
func (t *trainer) frozenSum(obj *Objective) string {
	h := sha256.New()
	for _, v := range obj.Graph.Weights {
		moves := slices.ContainsFunc(t.params, func(p *param) bool { return p.name == v.Name }) ||
			slices.ContainsFunc(t.step.running, func(r running) bool { return r.name == v.Name })
		if !moves {
			io.WriteString(h, v.Name)
			h.Write(v.Data.Bytes())
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// sameRecipe names everything that differs.
func sameRecipe(had, has map[string]string) error {
	var differ []string
	for name, want := range has {
		if got := had[name]; got != want {
			differ = append(differ, fmt.Sprintf("%s was %q, now %q", name, got, want))
		}
	}
	if len(differ) == 0 {
		return nil
	}
	slices.Sort(differ)
	return fmt.Errorf("train: the checkpoint belongs to another run: %s; give the same options and data, or another folder: %w", strings.Join(differ, "; "), ErrResume)
}
