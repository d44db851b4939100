package models

import (
	"fmt"
	"maps"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// part is a graph of the model and the values that play its roles.
type part struct {
	name  string
	graph *graph.Graph
	// in and out are its inputs and outputs by role.
	in, out map[string]*graph.Value
}

// newPart finds the roles that the manifest names.
func newPart(name string, g *graph.Graph, roles Part) (*part, error) {
	p := &part{name: name, graph: g, in: map[string]*graph.Value{}, out: map[string]*graph.Value{}}
	for _, side := range []struct {
		what  string
		roles map[string]string
		among []*graph.Value
		found map[string]*graph.Value
	}{{"input", roles.Inputs, g.Inputs, p.in}, {"output", roles.Outputs, g.Outputs, p.out}} {
		for _, role := range slices.Sorted(maps.Keys(side.roles)) {
			port := side.roles[role]
			v := named(side.among, port)
			if v == nil {
				return nil, fmt.Errorf("the %s has no %s %q, which is to be its %s; it has %v", name, side.what, port, role, namesOf(side.among))
			}
			if v.DType != tensor.Float32 {
				return nil, fmt.Errorf("the %s's %s %q is %v; elbo runs models of float32", name, side.what, port, v.DType)
			}
			side.found[role] = v
		}
	}
	return p, nil
}

// needs reports a role that the manifest does not name.
func (p *part) needs(inputs, outputs []string) error {
	for _, role := range inputs {
		if p.in[role] == nil {
			return fmt.Errorf("the %s's input %s is not named", p.name, role)
		}
	}
	for _, role := range outputs {
		if p.out[role] == nil {
			return fmt.Errorf("the %s's output %s is not named", p.name, role)
		}
	}
	return nil
}

// feeds are the values that a part's inputs stand for, by role.
type feeds map[string]*graph.Value

func named(vs []*graph.Value, name string) *graph.Value {
	for _, v := range vs {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// appendTo writes into g what the wanted values need, with its inputs bound, and returns them there. Weights keep their
// tensors and are called by the part's name and their own: "encoder/fc1.weight".
func (p *part) appendTo(g *graph.Graph, in feeds, wanted ...*graph.Value) ([]*graph.Value, error) {
	c, at := p.graph.CloneMap()
	c.Outputs = nil
	for _, v := range wanted {
		c.Outputs = append(c.Outputs, at[v])
	}
	graph.Prune(c)
	used := map[*graph.Value]bool{}
	for _, v := range c.Outputs {
		used[v] = true // an output may be an input or a weight itself
	}
	for _, n := range c.Nodes {
		for _, v := range n.Inputs {
			used[v] = true
		}
	}
	c.Weights = slices.DeleteFunc(c.Weights, func(v *graph.Value) bool { return !used[v] })
	c.Inputs = slices.DeleteFunc(c.Inputs, func(v *graph.Value) bool { return !used[v] })
	fed, known := map[*graph.Value]*graph.Value{}, []string{}
	for _, role := range slices.Sorted(maps.Keys(in)) {
		if v := p.in[role]; v != nil {
			fed[at[v]], known = in[role], append(known, v.Name)
		}
	}
	for _, v := range c.Inputs {
		if fed[v] == nil {
			return nil, fmt.Errorf("the %s's %v depends on its input %q besides %q; elbo has nothing to feed it", p.name, namesOf(wanted), v.Name, known)
		}
	}
	placed, err := graph.Append(g, c, fed, p.name+"/")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	out := make([]*graph.Value, len(wanted))
	for i, v := range c.Outputs {
		if out[i] = placed[v]; out[i] == nil {
			return nil, fmt.Errorf("the %s's %s is nothing that its graph computes", p.name, v.Name)
		}
	}
	return out, nil
}

// rowOf is the shape of a row of v. Extents that v leaves open are taken from known, if that has as many axes.
func rowOf(v *graph.Value, known []int) ([]int, error) {
	if len(v.Shape) < 2 {
		return nil, fmt.Errorf("%v has no batch axis and at least one more", v)
	}
	if n, ok := v.Shape[0].Known(); ok {
		return nil, fmt.Errorf("%v holds exactly %d rows; export it with a dynamic batch axis (dynamic_axes={%q: {0: \"batch\"}})", v, n, v.Name)
	}
	row := make([]int, len(v.Shape)-1)
	for i, d := range v.Shape[1:] {
		n, ok := d.Known()
		switch {
		case ok:
		case len(known) == len(row):
			n = known[i]
		default:
			return nil, fmt.Errorf("%v leaves its axis %d open; give the shape of one row", v, i+1)
		}
		if n < 1 || n > 1<<28 {
			return nil, fmt.Errorf("%v has an extent of %d", v, n)
		}
		row[i] = n
	}
	if n, err := tensor.Shape(row).CheckedSize(); err != nil || n > 1<<30 {
		return nil, fmt.Errorf("%v: a row is too large", v)
	}
	return row, nil
}

// asRows is v in the shape [batch, row...].
func asRows(g *graph.Graph, v *graph.Value, row []int) *graph.Value {
	if len(v.Shape) == len(row)+1 && slices.EqualFunc(v.Shape[1:], row, func(d graph.Dim, n int) bool { return d.Is(n) }) {
		return v
	}
	return g.Reshape(v, g.Int64s(append([]int{-1}, row...)...))
}
