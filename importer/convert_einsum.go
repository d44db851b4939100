package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
)

// einsum is a sum of products by Einstein's convention. Each operand is laid out along all letters, the ellipsis' axes
// first: missing ones are axes of 1, a letter that stands twice takes the diagonal. The operands are multiplied and the
// letters that the result does not bear are summed.
func einsum(c *conversion) error {
	text := strings.ReplaceAll(c.n.Str("equation", ""), " ", "")
	left, result, explicit := strings.Cut(text, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(c.n.Inputs) || len(c.n.Inputs) == 0 || strings.Count(text, "->") > 1 {
		return fmt.Errorf("equation %q for %d inputs: %w", text, len(c.n.Inputs), ErrMalformed)
	}
	e := equation{}
	lists := make([][]rune, len(terms))
	for i, term := range terms {
		x, err := c.input(i)
		if err != nil {
			return err
		}
		if lists[i], err = e.letters(term, x.Rank()); err != nil {
			return err
		}
	}
	out, err := e.result(result, explicit)
	if err != nil {
		return err
	}
	all := slices.Clone(out)
	for _, list := range lists {
		for _, l := range list {
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	var y *graph.Value
	for i, list := range lists {
		x, err := c.alongLetters(c.n.Inputs[i], list, all)
		if err != nil {
			return err
		}
		if y == nil {
			y = x
		} else {
			y = c.g.Mul(y, x)
		}
	}
	if len(all) == len(out) {
		return c.finish("Identity", nil, y)
	}
	var summed []int
	for i := len(out); i < len(all); i++ {
		summed = append(summed, i)
	}
	return c.finish("ReduceSum", graph.Attrs{"keepdims": int64(0)}, y, c.g.Int64s(summed...))
}

// equation is what is known of an equation's letters: the axes of the ellipsis are the runes below 'A', the last axis the
// first of them.
type equation struct {
	seen  []rune
	twice map[rune]bool
	dots  int
}

// letters are the axes of one operand.
func (e *equation) letters(term string, rank int) ([]rune, error) {
	var list []rune
	before, after, dots := strings.Cut(term, "...")
	add := func(part string) error {
		for _, l := range part {
			if l < 'A' || l > 'z' || l > 'Z' && l < 'a' {
				return fmt.Errorf("%q in an equation: %w", l, ErrMalformed)
			}
			if slices.Contains(e.seen, l) {
				if e.twice == nil {
					e.twice = map[rune]bool{}
				}
				e.twice[l] = true
			} else {
				e.seen = append(e.seen, l)
			}
			list = append(list, l)
		}
		return nil
	}
	if err := add(before); err != nil {
		return nil, err
	}
	if dots {
		k := rank - len(before) - len(after)
		if k < 0 || k >= 'A' {
			return nil, fmt.Errorf("%q for rank %d: %w", term, rank, ErrMalformed)
		}
		e.dots = max(e.dots, k)
		for i := k - 1; i >= 0; i-- {
			list = append(list, rune(i))
		}
		if err := add(after); err != nil {
			return nil, err
		}
	}
	if len(list) != rank {
		return nil, fmt.Errorf("%q for rank %d: %w", term, rank, ErrMalformed)
	}
	return list, nil
}

// result are the axes of the result: those given, or those of the ellipsis and the letters that stand once, in order.
func (e *equation) result(text string, explicit bool) ([]rune, error) {
	var dots, list []rune
	for i := e.dots - 1; i >= 0; i-- {
		dots = append(dots, rune(i))
	}
	if !explicit {
		for _, l := range e.seen {
			if !e.twice[l] {
				list = append(list, l)
			}
		}
		slices.Sort(list)
		return append(dots, list...), nil
	}
	before, after, has := strings.Cut(text, "...")
	list = []rune(before)
	if has {
		list = append(append(list, dots...), []rune(after)...)
	}
	for i, l := range list {
		if l >= 'A' && !slices.Contains(e.seen, l) || slices.Contains(list[:i], l) {
			return nil, fmt.Errorf("the result %q: %w", text, ErrMalformed)
		}
	}
	return list, nil
}

// alongLetters lays x, whose axes are the letters of list, out along all letters.
func (c *conversion) alongLetters(x *graph.Value, list, all []rune) (*graph.Value, error) {
	g := c.g
	for i := 0; i < len(list); i++ { // the diagonal of a letter that stands again later
		k := slices.Index(list[i+1:], list[i])
		if k < 0 {
			continue
		}
		k += i + 1
		n, known := x.Shape[i].Known()
		if !known || !x.Shape[k].Is(n) {
			return nil, fmt.Errorf("a diagonal of %v and %v: %w", x.Shape[i], x.Shape[k], graph.ErrUnsupported)
		}
		shape := make([]int, x.Rank())
		for a := range shape {
			shape[a] = 1
		}
		shape[i] = n
		index := make([]int, n)
		for a := range index {
			index[a] = a
		}
		to := make([]*graph.Value, x.Rank())
		for a := range to {
			to[a] = c.extent(x, a)
		}
		to[k] = g.Int64s(1)
		places := g.Expand(g.Reshape(g.Int64s(index...), g.Int64s(shape...)), g.Concat(0, to...))
		x = g.Node("Squeeze", nil, g.Node("GatherElements", graph.Attrs{"axis": int64(k)}, x, places), g.Int64s(k))
		list = slices.Delete(slices.Clone(list), k, k+1)
		i--
	}
	var perm, missing []int
	for i, l := range all {
		if k := slices.Index(list, l); k >= 0 {
			perm = append(perm, k)
		} else {
			missing = append(missing, i)
		}
	}
	if !slices.IsSorted(perm) {
		x = g.Transpose(x, perm...)
	}
	if len(missing) > 0 {
		x = g.Unsqueeze(x, missing...)
	}
	return x, nil
}
