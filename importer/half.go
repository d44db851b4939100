package importer

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// halve stores the float32 weights of g in float16, each rounded to the nearest, under its name; a Cast gives the float32
// that everything is computed in. Single numbers and weights with an element past the range of float16 stay.
func halve(g *graph.Graph) {
	cast := map[*graph.Value]*graph.Value{}
	var casts []*graph.Node
	for _, w := range g.Weights {
		if w.DType != tensor.Float32 || w.Data.Len() < 2 {
			continue
		}
		half := tensor.New(tensor.Float16, w.Data.Shape()...)
		fits := true
		for i, x := range tensor.Data[float32](w.Data) {
			h := tensor.ToFloat16(x)
			tensor.Data[uint16](half)[i] = h
			fits = fits && (h&0x7fff != 0x7c00 || math.IsInf(float64(x), 0))
		}
		if !fits {
			continue
		}
		y := &graph.Value{Name: g.Fresh(w.Name + "_float32"), DType: w.DType, Shape: w.Shape}
		if err := g.Register(y); err != nil {
			g.Fail(err)
			return
		}
		w.Hold(half)
		n := &graph.Node{Name: y.Name, Op: "Cast", Attrs: graph.Attrs{"to": int64(tensor.Float32)}, Inputs: []*graph.Value{w}, Outputs: []*graph.Value{y}}
		y.Producer, cast[w] = n, y
		casts = append(casts, n)
	}
	replace := func(values []*graph.Value) {
		for i, v := range values {
			if y := cast[v]; y != nil {
				values[i] = y
			}
		}
	}
	for _, n := range g.Nodes {
		replace(n.Inputs)
	}
	replace(g.Outputs)
	g.Nodes = append(casts, g.Nodes...)
}
