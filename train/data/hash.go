package data

// golden is 2^64 divided by the golden ratio: the increment of SplitMix64.
const golden = 0x9e3779b97f4a7c15

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014), a bijection of 64 bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// key joins parts into a key for draw: any change of any part gives an unrelated one.
func key(parts ...uint64) uint64 {
	k := uint64(0)
	for _, p := range parts {
		k = mix(k + golden + mix(p+golden))
	}
	return k
}

// draw is the i-th number of the SplitMix64 sequence of a key. It is a function of key and i alone, so numbers can be
// drawn in any order and in any split.
func draw(key, i uint64) uint64 { return mix(key + (i+1)*golden) }

// uniform turns the upper 24 bits of a draw into a number in [0,1), exactly.
func uniform(bits uint64) float32 { return float32(bits>>40) / (1 << 24) }

// SubSeed is a seed for part i of what a seed decides, unrelated to those of other parts. It has 32 bits, so that every
// way of binarising takes it.
func SubSeed(seed, i uint64) uint64 { return key(seed, i, 0x73756273) >> 32 }
