//go:build !amd64 || noasm

package runtime

func uniform(dst []float32, ctr [4]uint32, key [2]uint32) { uniformGo(dst, ctr, key) }

func normal(dst []float32, ctr [4]uint32, key [2]uint32) { normalGo(dst, ctr, key) }
