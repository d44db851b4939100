//go:build !linux

package models

func swap(dir, path string) error { return swapByRename(dir, path) }
