// Package tile runs chains of element-wise operators over pieces of their operands that stay in the first-level cache, so
// that what one operator of a chain hands to the next never goes through memory.
package tile

import (
	"slices"

	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

// Chain is a sequence of element-wise instructions over n elements. Its values are numbered: first the operands that it
// reads from memory, then the result of each instruction.
type Chain struct {
	n        int
	accesses []Access
	values   []value
	code     []instruction
	folds    []fold
	run      int // elements of a run that folds reduce to one; 0 without folds
	tile     int // elements that one pass over the code takes
	row      int // pieces of tile do not cross multiples of it, unless runs are short
	runs     int // short runs that make a piece together; 0 where a run is longer than a piece
	cost     int // of an element, in quarters of a nanosecond or so
}

// value is an operand or a result.
type value struct {
	bits   bool // of bools, else of float32
	stored int  // the output that it is written to, or -1
	slot   int  // where the piece at hand is kept, or -1: in its output's memory, or in an operand's
}

type instruction struct {
	loop *kernel.Loop
	args [3]int
	out  int
}

type fold struct {
	*kernel.Fold
	of, output int
}

// NewChain is an empty chain over n elements.
func NewChain(n int) *Chain { return &Chain{n: n} }

// Operand adds an operand and returns its number. All operands come before the first instruction.
func (c *Chain) Operand(dtype tensor.DType, a Access) int {
	c.accesses = append(c.accesses, a)
	c.values = append(c.values, value{bits: dtype == tensor.Bool, stored: -1, slot: -1})
	return len(c.values) - 1
}

// Do adds an instruction and returns the number of its result.
func (c *Chain) Do(l *kernel.Loop, args ...int) int {
	in := instruction{loop: l, out: len(c.values)}
	copy(in.args[:], args)
	c.code = append(c.code, in)
	c.values = append(c.values, value{bits: l.Compare != nil || l.Logic != nil || l.Not != nil, stored: -1, slot: -1})
	return in.out
}

// Store writes result v to the given output.
func (c *Chain) Store(v, output int) { c.values[v].stored = output }

// Fold reduces runs of result v, run elements each, to the elements of the given output. All folds of a chain have the
// same run.
func (c *Chain) Fold(f *kernel.Fold, v, run, output int) {
	c.run = run
	c.folds = append(c.folds, fold{f, v, output})
}

// AccessOf is how operand v meets the chain's elements.
func (c *Chain) AccessOf(v int) Access { return c.accesses[v] }

// LastRead is the last instruction that reads operand v, counted from 0.
func (c *Chain) LastRead(v int) int { return c.lastReads()[v] }

// Written is the instruction that gives result v.
func (c *Chain) Written(v int) int { return v - len(c.accesses) }

func (c *Chain) lastReads() []int {
	last := make([]int, len(c.values))
	for i, in := range c.code {
		for _, a := range in.args[:in.loop.Arity()] {
			last[a] = i
		}
		last[in.out] = i
	}
	for _, f := range c.folds {
		last[f.of] = len(c.code)
	}
	return last
}

const (
	// l1 is what the piece at hand of all values together may take: half of the first-level cache of most machines.
	l1      = 16 << 10
	minTile = 128
	maxTile = 2048
)

// Finish places the results and chooses the size of a piece. Nothing is added to the chain after it.
func (c *Chain) Finish() {
	last := c.lastReads()
	var floats, bits []int // until which instruction each slot is taken
	place := func(v, from int) {
		slots := &floats
		if c.values[v].bits {
			slots = &bits
		}
		free := slices.IndexFunc(*slots, func(until int) bool { return until < from })
		if free < 0 {
			free = len(*slots)
			*slots = append(*slots, 0)
		}
		(*slots)[free] = last[v]
		c.values[v].slot = free
	}
	for v, a := range c.accesses {
		if !a.Direct(c.n) && a.Period > 1 {
			place(v, -1) // may have to be spread
		}
	}
	for i, in := range c.code {
		if c.values[in.out].stored < 0 {
			place(in.out, i)
		}
		c.cost += cost(in.loop)
	}
	streams := len(floats) + len(c.accesses)
	for _, v := range c.values {
		if v.stored >= 0 {
			streams++
		}
	}
	c.tile = min(max(l1/(4*max(streams, 1))&^63, minTile), maxTile)
	c.row = c.n
	if c.run > 0 {
		c.row = c.run
	}
	for _, a := range c.accesses {
		length := a.Period
		if a.Div > 1 {
			length = a.Div
		}
		if length >= minTile && length < c.row && c.row%length == 0 {
			c.row = length
		}
	}
	switch {
	case c.row > c.tile:
		pieces := (c.row + c.tile - 1) / c.tile
		c.tile = min(((c.row+pieces-1)/pieces+15)&^15, maxTile)
	case c.run > c.tile:
		c.tile = c.tile / c.row * c.row
	case c.run > 0:
		c.runs = c.tile / c.run
	}
}

// cost is about how long an element takes, in quarters of a nanosecond.
func cost(l *kernel.Loop) int {
	switch {
	case l.Unary != nil:
		return 4
	case l.Copy:
		return 0
	}
	return 1
}
