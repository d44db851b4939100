//go:build unix

package importer

import (
	"os"
	"syscall"
)

// hardLinks is how many names a file has.
func hardLinks(info os.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}
