package runtime

//go:generate go run ./gen -out philox_amd64.s -stubs philox_amd64.go -pkg runtime

// The steps of the key from round to round: the golden ratio, and sqrt(3)-1.
const (
	weyl0 = 0x9E3779B9
	weyl1 = 0xBB67AE85
)

// philox is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
// keyed bijection of 128-bit counters whose outputs pass BigCrush. Being a function of the counter, it needs no state,
// and any element can be computed without those before it.
func philox(ctr [4]uint32, key [2]uint32) [4]uint32 {
	const m0, m1 = 0xD2511F53, 0xCD9E8D57
	c0, c1, c2, c3 := ctr[0], ctr[1], ctr[2], ctr[3]
	k0, k1 := key[0], key[1]
	for range 10 {
		p0, p1 := m0*uint64(c0), m1*uint64(c2)
		c0, c1, c2, c3 = uint32(p1>>32)^c1^k0, uint32(p1), uint32(p0>>32)^c3^k1, uint32(p0)
		k0 += weyl0
		k1 += weyl1
	}
	return [4]uint32{c0, c1, c2, c3}
}
