//go:build !amd64 || noasm

package pool

func pause() {}
