//go:build unix

package importer

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapPrivate maps the file copy-on-write: what is written to the memory stays in the process.
func mapPrivate(f *os.File, size int64) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
}
