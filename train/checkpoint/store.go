package checkpoint

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	stepPrefix    = "step-"
	tempPrefix    = ".tmp-"    // not finished, or on its way out: nobody's
	damagedPrefix = "damaged-" // did not verify; kept for the person to look at
	suffix        = ".safetensors"
)

// Store is a folder of checkpoints. One process at a time has it open. It is not safe for concurrent use.
type Store struct {
	dir    string
	keep   int
	lock   io.Closer
	create func(path string) (syncWriter, error)
}

// syncWriter is what a file must do for a write to be durable.
type syncWriter interface {
	io.WriteCloser
	Sync() error
}

// Open makes the folder where it is missing, locks it, and removes what an interrupted write left behind. Of the
// checkpoints that Write makes, the newest keep stay.
func Open(dir string, keep int) (*Store, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("checkpoint: open: %w", err)
	}
	lock, err := lockFolder(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: open %s: %w", dir, err)
	}
	s := &Store{dir: dir, keep: max(keep, 1), lock: lock, create: createFile}
	if err := s.removeLeftovers(); err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func createFile(path string) (syncWriter, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// Close unlocks the folder.
func (s *Store) Close() error { return s.lock.Close() }

func (s *Store) removeLeftovers() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("checkpoint: open: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				return fmt.Errorf("checkpoint: remove what an interrupted write left: %w", err)
			}
		}
	}
	return nil
}

// Steps are the steps that have a checkpoint, verified or not, the newest first.
func (s *Store) Steps() ([]int, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: list: %w", err)
	}
	var steps []int
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), stepPrefix)
		if n, err := strconv.Atoi(number); ok && err == nil && e.Name() == folderName(n) {
			steps = append(steps, n)
		}
	}
	slices.Sort(steps)
	slices.Reverse(steps)
	return steps, nil
}

func folderName(step int) string { return fmt.Sprintf("%s%010d", stepPrefix, step) }

// Path is the folder of a step's checkpoint.
func (s *Store) Path(step int) string { return filepath.Join(s.dir, folderName(step)) }
