//go:build amd64 && !noasm

package runtime

import "golang.org/x/sys/cpu"

var avx2 = cpu.X86.HasAVX2

// uniform is uniformGo, four blocks at a time where the machine can.
func uniform(dst []float32, ctr [4]uint32, key [2]uint32) {
	if whole := len(dst) &^ 15; avx2 && whole > 0 {
		var keys [20]uint32
		for k, round := key, 0; round < 10; round++ {
			keys[2*round], keys[2*round+1] = k[0], k[1]
			k[0] += weyl0
			k[1] += weyl1
		}
		uniformAVX2(whole, &dst[0], &ctr, &keys)
		ctr[0] += uint32(whole / 4)
		dst = dst[whole:]
	}
	uniformGo(dst, ctr, key)
}
