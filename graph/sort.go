package graph

import "fmt"

// Sort puts g's nodes into topological order, keeping the order they have wherever that is one. It fails when nodes
// wait for each other in a circle.
func Sort(g *Graph) error {
	state := map[*Node]int{} // 1: begun, 2: placed
	order := make([]*Node, 0, len(g.Nodes))
	for _, root := range g.Nodes {
		stack := []*Node{root}
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			if state[n] != 0 {
				stack = stack[:len(stack)-1]
				if state[n] == 1 {
					state[n] = 2
					order = append(order, n)
				}
				continue
			}
			state[n] = 1
			for i := len(n.Inputs) - 1; i >= 0; i-- {
				if v := n.Inputs[i]; v != nil && v.Producer != nil {
					switch state[v.Producer] {
					case 0:
						stack = append(stack, v.Producer)
					case 1:
						return fmt.Errorf("graph: sort: nodes %q and %q wait for each other in a circle", n.Name, v.Producer.Name)
					}
				}
			}
		}
	}
	g.Nodes = order
	return nil
}
