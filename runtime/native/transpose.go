package native

import "github.com/elbo-ml/elbo/graph"

// absorbTransposes lets a matrix product read the matrices before they were transposed: the product's packing transposes
// on its way, at no cost. n's output has been inferred.
func absorbTransposes(n *graph.Node) {
	if n.Op != "MatMul" && n.Op != "Gemm" {
		return
	}
	for i, flag := range []string{"transA", "transB"} {
		t := n.Inputs[i].Producer
		if t == nil || t.Op != "Transpose" || !swapsMatrix(t) {
			continue
		}
		if n.Attrs == nil {
			n.Attrs = graph.Attrs{}
		}
		n.Inputs[i] = t.Inputs[0]
		n.Attrs[flag] = int64(1 - n.Int(flag, 0))
	}
}

// swapsMatrix reports whether the Transpose node t swaps the last two axes and leaves the others.
func swapsMatrix(t *graph.Node) bool {
	rank, perm := len(t.Inputs[0].Shape), t.Ints("perm")
	if perm == nil {
		return rank == 2
	}
	for axis, p := range perm {
		want := axis
		if axis >= rank-2 {
			want = 2*rank - 3 - axis
		}
		if p != want {
			return false
		}
	}
	return rank >= 2
}
