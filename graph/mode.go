package graph

import (
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// Statistic is a running statistic of a layer, which no gradient moves: a step of training gives its next value.
type Statistic struct{ Weight, Next *Value }

// EvaluationMode puts the layers of g that behave differently in training into the mode in which a model is used: Dropout
// drops nothing, BatchNormalization goes by its running statistics. A layer whose statistics somebody reads stays.
func EvaluationMode(g *Graph) {
	read := map[*Value]bool{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			read[v] = v != nil
		}
	}
	for _, v := range g.Outputs {
		read[v] = true
	}
	for _, n := range g.Nodes {
		switch {
		case n.Op == "Dropout" && len(n.Inputs) > 2:
			n.Inputs = n.Inputs[:2]
			if n.Inputs[1] == nil {
				n.Inputs = n.Inputs[:1]
			}
		case n.Op == "BatchNormalization" && !read[n.Output(1)] && !read[n.Output(2)]:
			g.byRunning(n)
		}
		n.changeBodies(EvaluationMode)
	}
}

// changeBodies puts copies of n's bodies that f has changed in their place.
func (n *Node) changeBodies(f func(body *Graph)) {
	op := Lookup(n.Domain, n.Op)
	for i, b := range n.Bodies() {
		if i == 0 {
			n.Attrs = n.Attrs.clone()
		}
		c := b.Clone()
		f(c)
		n.Attrs[op.Bodies[i]] = c
	}
}

// byRunning lets a BatchNormalization go by its running statistics.
func (g *Graph) byRunning(n *Node) {
	for _, v := range n.Outputs[1:] {
		g.forget(v)
	}
	n.Outputs = n.Outputs[:1]
	delete(n.Attrs, "training_mode")
}

// TrainingMode is the way back: each BatchNormalization that goes by running statistics, which are weights that nobody else
// reads, goes by those of the minibatch and gives the next running ones,
//
//	momentum*running + (1-momentum)*batch,
//
// and each Dropout with a ratio draws what it drops (see LiftNoise). Ioffe and Szegedy, 2015; Srivastava et al., 2014. In the
// bodies of nodes Dropout drops, too; BatchNormalization there keeps to its running statistics, which a body has none of.
func TrainingMode(g *Graph) []Statistic {
	var statistics []Statistic
	readers := map[*Value]int{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			readers[v]++
		}
	}
	for _, n := range g.Nodes {
		switch {
		case n.Op == "Dropout" && len(n.Inputs) < 3:
			for len(n.Inputs) < 3 {
				n.Inputs = append(n.Inputs, nil)
			}
			n.Inputs[2] = g.Const(trueScalar())
		case n.Op == "BatchNormalization" && n.Int("training_mode", 0) == 0:
			mean, variance := n.Inputs[3], n.Inputs[4]
			if !mean.IsWeight() || !variance.IsWeight() || readers[mean] > 1 || readers[variance] > 1 {
				continue
			}
			n.Attrs = n.Attrs.clone()
			if n.Attrs == nil {
				n.Attrs = Attrs{}
			}
			n.Attrs["training_mode"] = int64(1)
			statistics = append(statistics, Statistic{mean, g.wanted(n, 1)}, Statistic{variance, g.wanted(n, 2)})
		}
		n.changeBodies(func(body *Graph) { TrainingMode(body) })
	}
	return statistics
}

// Keep leaves the statistics as they are: the layers that give their next values go by the running ones again.
func (g *Graph) Keep(statistics ...Statistic) {
	for _, s := range statistics {
		if n := s.Next.Producer; n != nil && n.Op == "BatchNormalization" && slices.Contains(g.Nodes, n) {
			g.byRunning(n)
		}
	}
}

func trueScalar() *tensor.Tensor {
	t := tensor.New(tensor.Bool)
	t.Bytes()[0] = 1
	return t
}
