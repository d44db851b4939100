// Package atomicfile writes files and folders that are either whole or not there, and that stay after a power cut: to a
// temporary name beside their place, synced, renamed, the folder around them synced.
//
// Errors are those of the os package; permissions are left to the umask, as for any file that a person writes.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write writes a file with fill, in the place of one that is there. When anything fails, path is as it was before and the
// temporary file is gone. A path that is a device or a pipe is written to as it is.
func Write(path string, fill func(w io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeThrough(path, fill)
	}
	return write(path, fill, (*File).Commit)
}

// WriteNew is Write where nothing is: what is there, or appears meanwhile, stays, and the error wraps fs.ErrExist.
func WriteNew(path string, fill func(w io.Writer) error) error {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "write", Path: path, Err: fs.ErrExist}
	}
	return write(path, fill, (*File).commitNew)
}

func write(path string, fill func(w io.Writer) error, commit func(*File) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := buffered(f, fill); err != nil {
		return err
	}
	return commit(f)
}

func buffered(w io.Writer, fill func(w io.Writer) error) error {
	b := bufio.NewWriterSize(w, 1<<16)
	if err := fill(b); err != nil {
		return err
	}
	return b.Flush()
}

// writeThrough writes to what is no regular file: to rename over /dev/null would take it away from everyone.
func writeThrough(path string, fill func(w io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(buffered(f, fill), f.Close())
}

// File is a file on its way: it has a temporary name until Commit.
type File struct {
	file *os.File
	path string
	done bool
}

// Create begins a file that is to stand at path. It ends with Commit or Discard.
func Create(path string) (*File, error) {
	f, err := os.OpenFile(temporary(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &File{file: f, path: path}, nil
}

// Write adds p to the file.
func (f *File) Write(p []byte) (int, error) { return f.file.Write(p) }

// Commit makes the file durable and gives it its name, over a file that is there.
func (f *File) Commit() error {
	return f.commit(os.Rename)
}

// commitNew is Commit, but leaves a file alone that is there already.
func (f *File) commitNew() error {
	return f.commit(func(from, to string) error {
		err := os.Link(from, to)
		if err == nil {
			return os.Remove(from)
		}
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		return os.Rename(from, to) // a file system without hard links
	})
}

func (f *File) commit(move func(from, to string) error) error {
	if err := errors.Join(f.file.Sync(), f.file.Close()); err != nil {
		return err
	}
	if err := move(f.file.Name(), f.path); err != nil {
		return err
	}
	f.done = true
	return SyncFolder(filepath.Dir(f.path))
}

// Discard removes the file, unless it has been committed.
func (f *File) Discard() {
	if !f.done {
		f.file.Close()
		os.Remove(f.file.Name())
		f.done = true
	}
}

// temporary is a name beside path that nothing has yet.
func temporary(path string) string {
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%016x.tmp", filepath.Base(path), rand.Uint64()))
}
