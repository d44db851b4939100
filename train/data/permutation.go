package data

import "math/bits"

const feistelRounds = 8

// Permutation is a random order of 0..n-1 that takes no memory: a Feistel network over the smallest power of two that
// holds n, with cycle walking (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). An epoch visits the
// rows of a source in the order At(0), At(1), ... and a resumed one can start anywhere.
type Permutation struct {
	n                 uint64
	low               uint // bits of the lower half
	lowMask, highMask uint64
	keys              [feistelRounds]uint64
}

// NewPermutation is the order of n rows in the given epoch of a run. n must not be negative.
func NewPermutation(n int, seed, epoch uint64) Permutation {
	width := uint(max(bits.Len64(uint64(max(n, 1)-1)), 2))
	low := width / 2
	p := Permutation{n: uint64(n), low: low, lowMask: 1<<low - 1, highMask: 1<<(width-low) - 1}
	k := key(seed, epoch, 0x7065726d)
	for i := range p.keys {
		p.keys[i] = draw(k, uint64(i))
	}
	return p
}

// At is the i-th number of the order, for i in 0..n-1.
func (p *Permutation) At(i int) int {
	x := uint64(i)
	// The network permutes up to 2n numbers. Following a cycle until it is back below n permutes those below n.
	for {
		if x = p.encrypt(x); x < p.n {
			return int(x)
		}
	}
}

// encrypt is the Feistel network. The halves may differ in width, so the rounds change them in turn, without a swap.
func (p *Permutation) encrypt(x uint64) uint64 {
	low, high := x&p.lowMask, x>>p.low
	for i := 0; i < feistelRounds; i += 2 {
		low ^= mix(p.keys[i]+high*golden) >> 32 & p.lowMask
		high ^= mix(p.keys[i+1]+low*golden) >> 32 & p.highMask
	}
	return high<<p.low | low
}
