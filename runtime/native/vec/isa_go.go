//go:build !amd64 || noasm

package vec

func best() assembly { return assembly{} }
