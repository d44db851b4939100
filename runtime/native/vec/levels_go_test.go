//go:build !amd64 || noasm

package vec

func levels() map[string]assembly { return map[string]assembly{"go": {}} }
