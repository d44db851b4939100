package checkpoint

import (
	"errors"
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
	lockName      = "lock"
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
	lock, err := lockFolder(filepath.Join(dir, lockName))
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

// Close unlocks the folder, and removes it if nothing is in it.
func (s *Store) Close() error {
	entries, err := os.ReadDir(s.dir)
	empty := err == nil && len(entries) == 1 && entries[0].Name() == lockName
	if err := unlockFolder(s.lock, filepath.Join(s.dir, lockName), empty); err != nil {
		return fmt.Errorf("checkpoint: close: %w", err)
	}
	if empty {
		_ = os.Remove(s.dir) // unless another training has come in meanwhile
	}
	return nil
}

// Discard removes the checkpoints in a folder and, if nothing else is in it, the folder. What is not a checkpoint stays.
// No folder is no error; one that a training uses is ErrLocked.
func Discard(dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	s, err := Open(dir, 1)
	if err != nil {
		return err
	}
	defer s.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("checkpoint: discard: %w", err)
	}
	for _, e := range entries {
		if _, ok := stepOf(strings.TrimPrefix(e.Name(), damagedPrefix)); !ok {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("checkpoint: discard: %w", err)
		}
	}
	return nil
}

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
func (s *Store) Steps() ([]int, error) { return Steps(s.dir) }

// Steps are the steps that have a checkpoint in a folder, the newest first. No folder has none.
func Steps(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: list: %w", err)
	}
	var steps []int
	for _, e := range entries {
		if n, ok := stepOf(e.Name()); ok {
			steps = append(steps, n)
		}
	}
	slices.Sort(steps)
	slices.Reverse(steps)
	return steps, nil
}

// stepOf is the step whose checkpoint a folder of this name is.
func stepOf(name string) (int, bool) {
	number, ok := strings.CutPrefix(name, stepPrefix)
	n, err := strconv.Atoi(number)
	return n, ok && err == nil && name == folderName(n)
}

func folderName(step int) string { return fmt.Sprintf("%s%010d", stepPrefix, step) }

// Path is the folder of a step's checkpoint.
func (s *Store) Path(step int) string { return filepath.Join(s.dir, folderName(step)) }
