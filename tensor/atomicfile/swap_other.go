//go:build !linux

package atomicfile

func swap(dir, path string) error { return swapByRename(dir, path) }
