//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package checkpoint

import (
	"io"
	"os"
)

// lockFolder only makes the file where the system has no lock that ends with the process.
func lockFolder(path string) (io.Closer, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
}

// unlockFolder closes the file first: such systems do not remove one that is open.
func unlockFolder(lock io.Closer, path string, remove bool) error {
	err := lock.Close()
	if remove {
		_ = os.Remove(path)
	}
	return err
}
