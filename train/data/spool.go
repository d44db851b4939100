package data

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// spool is a temporary file that has no name where the system allows that, so that it vanishes with the process.
type spool struct {
	*os.File
	named bool
}

func newSpool(o Options) (*spool, error) {
	f, err := os.CreateTemp(o.TempDir, "elbo-*")
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	return &spool{File: f, named: os.Remove(f.Name()) != nil}, nil
}

// unpack copies exactly n bytes from r to a spool; r must end there.
func unpack(r io.Reader, n int64, o Options) (*spool, error) {
	if n > o.maxBytes() {
		return nil, fmt.Errorf("unpacks to %d bytes, more than %d: %w", n, o.maxBytes(), ErrFormat)
	}
	s, err := newSpool(o)
	if err != nil {
		return nil, err
	}
	if err := s.fill(r, n); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *spool) fill(r io.Reader, n int64) error {
	got, err := io.CopyN(s.File, r, n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("truncated: %d bytes of data where the header tells of %d: %w", got, n, ErrFormat)
	}
	if err != nil {
		return err
	}
	// Reading to the end also checks the archive's checksum.
	var more [1]byte
	switch _, err := io.ReadFull(r, more[:]); {
	case err == nil:
		return fmt.Errorf("more data than the %d bytes that the header tells of: %w", n, ErrFormat)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", err, ErrFormat)
	}
	return nil
}

func (s *spool) Close() error {
	err := s.File.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.Name()))
		s.named = false
	}
	return err
}
