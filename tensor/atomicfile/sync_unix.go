//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// SyncFolder makes what was created, renamed or removed in a folder durable. A file system that cannot sync a folder is
// left as it is.
func SyncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
