package graph_test

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// A formula of the paper, with its batch left open: the reparameterised sample of eq. (10).
func Example() {
	g := graph.New("encoder")
	x, eps := g.Input("x", "batch", 784), g.Input("eps", "batch", 20)
	h := g.Tanh(g.Dense("fc1", x, 500))
	mean, logvar := g.Dense("mean", h, 20), g.Dense("logvar", h, 20)
	z := g.Add(mean, g.Mul(g.Exp(g.Half(logvar)), eps))
	g.Output("z", z)
	if err := g.Err(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(z)
	// Output: z float32[batch,20]
}

// A mistake is kept until the formula's end and says where it was made.
func ExampleGraph_Err() {
	g := graph.New("mistake")
	x, w := g.Input("x", "batch", 3), g.Input("w", 4, 2)
	g.Tanh(g.MatMul(x, w))
	fmt.Println(g.Err())
	// Output: graph: MatMul "MatMul_1"(float32[batch,3], float32[4,2]): inner extents 3 and 4 differ
}
