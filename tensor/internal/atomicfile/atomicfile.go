// Package atomicfile writes files that are either whole or not there.
package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Write calls fill with a temporary file beside path, syncs it and renames it to path. When anything fails, path is as
// it was before and the temporary file is gone.
func Write(path string, fill func(w io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+strings.ReplaceAll(filepath.Base(path), "*", "_")+".*")
	if err != nil {
		return err
	}
	if err := errors.Join(fill(f), f.Sync(), f.Chmod(0o644), f.Close()); err != nil {
		os.Remove(f.Name())
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		os.Remove(f.Name())
		return err
	}
	return nil
}
