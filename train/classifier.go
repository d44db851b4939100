package train

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// Classifier is a model that gives each row of its input one number per class, trained by the log-likelihood of labels: its
// rows are the pixels and then 1 at the place of the label and 0 elsewhere, as data.WithLabels gives them.
type Classifier struct {
	graph         *graph.Graph
	input, logits *graph.Value
	row, classes  int
}

var _ Model = (*Classifier)(nil)

// NewClassifier makes a classifier of a graph, ours or imported: one input [batch, ...] and one output [batch, classes] of
// logits. Where the output is a Softmax, what goes into it are the logits.
func NewClassifier(g *graph.Graph) (*Classifier, error) {
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 {
		return nil, fmt.Errorf("train: classifier: the graph has %d inputs and %d outputs, not one of each: %w", len(g.Inputs), len(g.Outputs), ErrOptions)
	}
	c := &Classifier{graph: g, input: g.Inputs[0], logits: g.Outputs[0]}
	if n := c.logits.Producer; n != nil && n.Op == "Softmax" {
		c.logits = n.Inputs[0]
	}
	row, known := c.input.Shape[min(1, len(c.input.Shape)):].Known()
	if c.row = tensor.Shape(row).Size(); !known || len(c.input.Shape) < 2 || c.input.DType != tensor.Float32 {
		return nil, fmt.Errorf("train: classifier: the input %v is not rows of float32 of one known shape: %w", c.input, ErrOptions)
	}
	if len(c.logits.Shape) == 2 {
		c.classes, _ = c.logits.Shape[1].Known()
	}
	if c.classes < 2 || c.logits.DType != tensor.Float32 {
		return nil, fmt.Errorf("train: classifier: the output %v is not [batch, classes] with the classes known: %w", c.logits, ErrOptions)
	}
	return c, nil
}

// Graph is the graph that was given.
func (c *Classifier) Graph() *graph.Graph { return c.graph }

// Classes is the number of classes.
func (c *Classifier) Classes() int { return c.classes }

// Objective is the mean of -log p(label | x) over the minibatch, in nats. Its term "error" is the share of rows whose largest
// logit is not the label's.
func (c *Classifier) Objective() (*Objective, error) {
	g := graph.New(c.graph.Name)
	o := &Objective{Graph: g, X: g.Input("x", "batch", c.row+c.classes)}
	parts := g.Split(o.X, 1, c.row, c.classes)
	label := parts[1]
	logits, err := c.append(g, parts[0])
	if err != nil {
		return nil, fmt.Errorf("train: classifier: %w", err)
	}
	correct := g.ReduceSum(g.Mul(label, g.LogSoftmax(logits, 1)), false, 1)
	o.Reconstruction = g.ReduceMean(correct, false, 0)
	o.KL = g.Mul(o.Reconstruction, g.Scalar(0, logits)) // no latent variables
	o.ELBO = g.Sub(o.Reconstruction, o.KL)
	o.Loss = g.Neg(o.ELBO)
	o.Terms = []*graph.Value{g.ReduceMean(misses(g, logits, label), false, 0)}
	output(g, "error", o.Terms[0])
	for _, w := range g.Weights {
		if w.DType == tensor.Float32 {
			o.Params = append(o.Params, w)
		}
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("train: classifier: %w", err)
	}
	if len(o.Params) == 0 {
		return nil, fmt.Errorf("train: classifier: the graph holds no float32 weights to train: %w", ErrOptions)
	}
	return o, nil
}

// append writes the classifier into g on rows of pixels [batch, size], and gives its logits.
func (c *Classifier) append(g *graph.Graph, pixels *graph.Value) (*graph.Value, error) {
	x := pixels
	if len(c.input.Shape) > 2 {
		row, _ := c.input.Shape[1:].Known()
		x = g.Reshape(pixels, g.Int64s(append([]int{-1}, row...)...))
	}
	src, at := c.graph.CloneMap()
	src.Outputs = []*graph.Value{at[c.logits]}
	graph.Prune(src)
	placed, err := graph.Append(g, src, map[*graph.Value]*graph.Value{at[c.input]: x}, "")
	if err != nil {
		return nil, err
	}
	return placed[at[c.logits]], nil
}

// misses is 1 for each row whose largest logit is not where the label is, else 0: [batch].
func misses(g *graph.Graph, logits, label *graph.Value) *graph.Value {
	largest := func(v *graph.Value) *graph.Value {
		return g.Node("ArgMax", graph.Attrs{"axis": int64(1), "keepdims": int64(0)}, v)
	}
	return g.Cast(g.Not(g.Equal(largest(logits), largest(label))), logits.DType)
}

// Updated has nothing to do: a classifier compiles its programs when they are asked for.
func (c *Classifier) Updated() {}

// ErrorRate is the share of the rows of src, labelled as in training, whose largest logit is not the label's. The weights are
// at their means. A nil engine is the native one, and threads 0 is all cores.
func (c *Classifier) ErrorRate(ctx context.Context, e runtime.Engine, threads int, src data.Source) (float64, error) {
	if e == nil {
		e = native.New()
	}
	if got := tensor.Shape(src.Shape()).Size(); got != c.row+c.classes {
		return 0, fmt.Errorf("train: classifier: %s has rows of %d numbers, not of %d and a label of %d: %w", src.Name(), got, c.row, c.classes, tensor.ErrShape)
	}
	g := graph.New("errors")
	x := g.Input("x", "batch", c.row+c.classes)
	parts := g.Split(x, 1, c.row, c.classes)
	logits, err := c.append(g, parts[0])
	if err != nil {
		return 0, fmt.Errorf("train: classifier: %w", err)
	}
	g.Output("misses", g.ReduceSum(misses(g, logits, parts[1]), false))
	if err := g.Err(); err != nil {
		return 0, fmt.Errorf("train: classifier: %w", err)
	}
	p, err := e.Compile(g, runtime.Options{Threads: threads})
	if err != nil {
		return 0, fmt.Errorf("train: classifier: %w", err)
	}
	defer p.Close()
	total := 0.0
	batch := tensor.New(tensor.Float32, min(500, src.Len()), c.row+c.classes)
	for lo := 0; lo < src.Len(); lo += batch.Shape()[0] {
		index := make([]int, min(batch.Shape()[0], src.Len()-lo))
		for i := range index {
			index[i] = lo + i
		}
		rows := batch.Rows(0, len(index))
		if err := src.Read(ctx, index, tensor.Data[float32](rows)); err != nil {
			return 0, fmt.Errorf("train: classifier: %w", err)
		}
		out := make([]*tensor.Tensor, 1)
		if err := p.Run(ctx, []*tensor.Tensor{rows}, out); err != nil {
			return 0, fmt.Errorf("train: classifier: %w", err)
		}
		total += number(out[0])
	}
	return total / float64(src.Len()), nil
}
