//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package checkpoint

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lockFolder holds an advisory lock until it is closed or the process ends, however it ends.
func lockFolder(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, err
	}
	return f, nil
}

// unlockFolder gives the lock back. A lock file that is to go goes first, while nobody else can hold it.
func unlockFolder(lock io.Closer, path string, remove bool) error {
	if remove {
		_ = os.Remove(path)
	}
	return lock.Close()
}
