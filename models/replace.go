package models

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file whole or not at all: to a temporary file in the same folder, synced, renamed, the folder
// synced. Without force a file that appeared meanwhile is left alone.
func replaceFile(path string, force bool, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if !force {
		if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
			return ErrExists
		} else if err == nil {
			os.Remove(f.Name())
			return syncDir(dir)
		} // a file system without hard links: rename
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// replaceFolder writes a folder whole or not at all: to a temporary folder beside it, synced, then put in its place. What
// was there before is removed last.
func replaceFolder(path string, content []bundleFile) (err error) {
	path = filepath.Clean(path)
	parent := filepath.Dir(path)
	dir, err := os.MkdirTemp(parent, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // gone already when all went well, but for the old folder's files after a swap
	for _, f := range content {
		if err := writeSynced(filepath.Join(dir, f.name), f.bytes); err != nil {
			return err
		}
	}
	if err := errors.Join(os.Chmod(dir, 0o755), syncDir(dir)); err != nil {
		return err
	}
	// Renaming succeeds where there is nothing, or an empty folder.
	if err := os.Rename(dir, path); err == nil {
		return syncDir(parent)
	}
	if err := swap(dir, path); err != nil {
		return fmt.Errorf("putting the new folder in the old one's place: %w", err)
	}
	return syncDir(parent)
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// swapByRename puts the folder dir in the place of path and the old one in dir's. Between its renames a crash leaves the
// old folder under a temporary name beside it.
func swapByRename(dir, path string) error {
	old := dir + ".old"
	if err := os.Rename(path, old); err != nil {
		return err
	}
	if err := os.Rename(dir, path); err != nil {
		return errors.Join(err, os.Rename(old, path))
	}
	return os.Rename(old, dir)
}

// syncDir makes renames durable. Systems that cannot sync a folder are left as they are.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
