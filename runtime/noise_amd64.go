//go:build amd64 && !noasm

package runtime

import "golang.org/x/sys/cpu"

var avx2 = cpu.X86.HasAVX2

// uniform is uniformGo, four blocks at a time where the machine can.
func uniform(dst []float32, ctr [4]uint32, key [2]uint32) {
	if !avx2 {
		uniformGo(dst, ctr, key)
		return
	}
	fours(dst, ctr, key, kindUniform)
}

// normal is normalGo, four blocks at a time where the machine can.
func normal(dst []float32, ctr [4]uint32, key [2]uint32) {
	if !avx2 {
		normalGo(dst, ctr, key)
		return
	}
	fours(dst, ctr, key, kindNormal)
}

// fours fills dst with the sixteen numbers of four blocks at a time.
func fours(dst []float32, ctr [4]uint32, key [2]uint32, kind int) {
	var keys [20]uint32
	for k, round := key, 0; round < 10; round++ {
		keys[2*round], keys[2*round+1] = k[0], k[1]
		k[0] += weyl0
		k[1] += weyl1
	}
	fill := func(n int, dst *float32) {
		if kind == kindNormal {
			normalAVX2(n, dst, &ctr, &keys)
		} else {
			uniformAVX2(n, dst, &ctr, &keys)
		}
	}
	whole := len(dst) &^ 15
	if whole > 0 {
		fill(whole, &dst[0])
		ctr[0] += uint32(whole / 4)
	}
	if whole < len(dst) {
		var rest [16]float32
		fill(16, &rest[0])
		copy(dst[whole:], rest[:])
	}
}
