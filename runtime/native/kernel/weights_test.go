package kernel

import (
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// A constant is packed once for each way in which it is read; what is no constant is not packed.
func TestWeightsArePackedOnce(t *testing.T) {
	data := tensor.New(tensor.Float32, 3, 5)
	b := NewBuf(tensor.Float32, data.Shape())
	b.Use(data.Bytes())
	n := &graph.Node{Op: "MatMul", Inputs: []*graph.Value{{}, {Data: data}}}
	c := &Call{Node: n, In: []*Buf{nil, b}, Weights: &Weights{}}
	first := packedWeight[float32](c, false, 5, 3, 5)
	if first == nil || packedWeight[float32](c, false, 5, 3, 5) != first {
		t.Error("the same matrix was packed again")
	}
	if p := packedWeight[float32](c, true, 3, 5, 5); p == nil || p == first {
		t.Error("the transposed matrix is another")
	}
	n.Inputs[1] = &graph.Value{}
	if packedWeight[float32](c, false, 5, 3, 5) != nil {
		t.Error("a matrix that may change was packed")
	}
}
