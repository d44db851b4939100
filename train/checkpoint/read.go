package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/elbo-ml/elbo/train/safetensors"
)

// Newest is the newest checkpoint that verifies, or nil where the folder has none at all. The notes say of each newer
// one that did not verify why it was passed over; it is renamed, so that it is not met again. When there are
// checkpoints and none verifies, the error wraps ErrDamaged.
func (s *Store) Newest() (c *Checkpoint, notes []string, err error) {
	steps, err := s.Steps()
	if err != nil {
		return nil, nil, err
	}
	for _, step := range steps {
		c, err := Read(s.Path(step))
		if err == nil {
			return c, notes, nil
		}
		if !errors.Is(err, ErrDamaged) {
			return nil, nil, err
		}
		aside := filepath.Join(s.dir, damagedPrefix+folderName(step))
		if err := errors.Join(os.RemoveAll(aside), os.Rename(s.Path(step), aside)); err != nil {
			return nil, nil, fmt.Errorf("checkpoint: put a damaged one aside: %w", err)
		}
		notes = append(notes, fmt.Sprintf("%v; it is now called %s", err, aside))
	}
	if len(notes) > 0 {
		return nil, notes, fmt.Errorf("checkpoint: none of the %d in %s can be used: %s: %w", len(notes), s.dir, strings.Join(notes, "; "), ErrDamaged)
	}
	return nil, nil, nil
}

// Read reads the checkpoint in a folder and verifies all of it. What does not verify is an error that wraps ErrDamaged.
func Read(dir string) (*Checkpoint, error) {
	b, err := readSmall(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	m, err := decodeManifest(b)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, dir)
	}
	if filepath.Base(dir) != folderName(m.Step) {
		return nil, fmt.Errorf("checkpoint: %s says it is of step %d: %w", dir, m.Step, ErrDamaged)
	}
	c := &Checkpoint{Step: m.Step, Epoch: m.Epoch, Engine: m.Engine, Recipe: m.Recipe, Sums: m.Sums, Parts: map[string]*safetensors.File{}}
	for name, want := range m.Files {
		path := filepath.Join(dir, name)
		if err := verify(path, want); err != nil {
			return nil, err
		}
		part, err := safetensors.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("checkpoint: %w: %w", err, ErrDamaged)
		}
		c.Parts[strings.TrimSuffix(name, suffix)] = part
	}
	return c, nil
}

// readSmall reads a manifest. One that is missing is damage: a folder gets its name when it is whole.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("checkpoint: %w: %w", err, ErrDamaged)
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if len(b) > maxManifest {
		return nil, fmt.Errorf("checkpoint: %s is longer than %d bytes: %w", path, maxManifest, ErrDamaged)
	}
	return b, nil
}

// verify holds a file against its size and checksum.
func verify(path string, want file) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("checkpoint: %w: %w", err, ErrDamaged)
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, f)
	if err != nil {
		return fmt.Errorf("checkpoint: %w: %w", err, ErrDamaged)
	}
	if n != want.Bytes {
		return fmt.Errorf("checkpoint: %s has %d bytes, its manifest says %d: %w", path, n, want.Bytes, ErrDamaged)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want.SHA256 {
		return fmt.Errorf("checkpoint: %s: its checksum does not match: %w", path, ErrDamaged)
	}
	return nil
}
