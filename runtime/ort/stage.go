package ort

import (
	"os"
	"path/filepath"
)

// staged is a file on its way: written under a temporary name beside its place, and moved there when it is whole.
type staged struct {
	*os.File
	path string
	done bool
}

func stage(dir, name string) (*staged, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "."+name+".*")
	if err != nil {
		return nil, err
	}
	return &staged{File: f, path: filepath.Join(dir, name)}, nil
}

// commit makes the file durable and gives it its name.
func (s *staged) commit() error {
	if err := s.Chmod(0o755); err != nil {
		return err
	}
	if err := s.Sync(); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if err := os.Rename(s.Name(), s.path); err != nil {
		return err
	}
	s.done = true
	return nil
}

// discard removes the temporary file unless it has been committed.
func (s *staged) discard() {
	if !s.done {
		s.Close()
		os.Remove(s.Name())
	}
}
