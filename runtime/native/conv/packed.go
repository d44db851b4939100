package conv

import "fmt"

// fewPositions is up to how many output positions packing the weights takes a part of a run that is worth a second copy of
// them: above 2048 it is less than a fiftieth.
const fewPositions = 2048

// Order names the order in which this convolution wants its weights: convolutions of the same weights and the same order can
// share what Pack makes. It is empty where packing the weights once would not pay.
func (c *Conv[T]) Order() string {
	if c.packed == 0 || c.s.Batch*c.size > fewPositions {
		return ""
	}
	order := fmt.Sprint(c.transpose, c.how, c.cols, c.panels, c.packed, c.s.Group, c.in, c.out, c.s.Kernel)
	for i := range c.prod {
		order += fmt.Sprint(c.prod[i].packed, c.prod[i].order)
	}
	return order
}

// Pack brings weights into the order of this convolution.
func (c *Conv[T]) Pack(w []T) []T {
	m := new(scratch[T])
	c.w, c.weights = w[:c.s.OutC*c.in*c.taps], room[T](nil, c.s.Group*c.packed)
	for i := range c.units() {
		c.packUnit(m, i)
	}
	packed := c.weights
	c.w, c.weights = nil, nil
	return packed
}

// Use makes all further runs take these weights, which Pack made, and not look at those that Run is given.
func (c *Conv[T]) Use(packed []T) { c.ready = packed }
