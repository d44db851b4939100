package runtime

// Noise generates random numbers as a function of (Seed, Stream, row, element). Nothing is remembered between calls, so
// the numbers of a row are the same in any batch, on any engine, in any order and from any number of goroutines. The zero
// value is ready to use.
//
// Rows belong to whatever is being sampled: an image drawn, or an example at a training step. Streams keep apart the
// uses of one seed: noise of different streams, rows or seeds is independent, and so are Normal and Uniform.
//
// The numbers have the same bits on every machine.
type Noise struct {
	Seed   uint64
	Stream uint64
}

// The last word of the counter keeps the kinds of noise apart.
const (
	kindKey = iota
	kindUniform
	kindNormal
)

// key mixes the stream into the seed: 64-bit row, 32-bit block and kind leave no room for it in the counter.
func (n Noise) key() [2]uint32 {
	k := philox(
		[4]uint32{uint32(n.Stream), uint32(n.Stream >> 32), 0, kindKey},
		[2]uint32{uint32(n.Seed), uint32(n.Seed >> 32)})
	return [2]uint32{k[0], k[1]}
}

// Uniform fills dst with the first len(dst) elements of a row: multiples of 2^-24, uniform in [0, 1).
func (n Noise) Uniform(row uint64, dst []float32) {
	uniform(dst, [4]uint32{0, uint32(row), uint32(row >> 32), kindUniform}, n.key())
}

// uniformGo fills dst with the words of the blocks from ctr on, as numbers in [0, 1).
func uniformGo(dst []float32, ctr [4]uint32, key [2]uint32) {
	for len(dst) >= 4 {
		b := philox(ctr, key)
		dst[0], dst[1], dst[2], dst[3] = unit(b[0]), unit(b[1]), unit(b[2]), unit(b[3])
		dst = dst[4:]
		ctr[0]++
	}
	if len(dst) > 0 {
		b := philox(ctr, key)
		for i := range dst {
			dst[i] = unit(b[i])
		}
	}
}

func unit(u uint32) float32 { return float32(u>>8) * (1.0 / (1 << 24)) }

// Normal fills dst with the first len(dst) elements of a row: independent draws from N(0, 1).
//
// Two uniforms make two normals (Box and Muller, 1958):
//
//	r = sqrt(-2 log u1),  a = 2 pi u2;  r cos a,  r sin a
//
// with u1 in (0, 1] of 32 bits, so that no draw exceeds sqrt(64 log 2) = 6.66 in size.
func (n Noise) Normal(row uint64, dst []float32) {
	normal(dst, [4]uint32{0, uint32(row), uint32(row >> 32), kindNormal}, n.key())
}
