//go:build amd64 && !noasm

package vec

// levels are the instruction sets that this machine can be tested with.
func levels() map[string]assembly {
	l := map[string]assembly{"go": {}}
	if hasAVX2 {
		l["avx2"] = avx2
	}
	if hasAVX512 {
		l["avx512"] = avx512
	}
	return l
}
