package checkpoint

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/elbo-ml/elbo/tensor/atomicfile"
	"github.com/elbo-ml/elbo/train/safetensors"
)

// Write makes a checkpoint durable and then removes those that are too old to keep. A step is written once. When it fails, the checkpoints that
// were there are as they were.
func (s *Store) Write(c *Checkpoint) (path string, err error) {
	path = s.Path(c.Step)
	temp, err := os.MkdirTemp(s.dir, tempPrefix)
	if err != nil {
		return "", fmt.Errorf("checkpoint: write %s: %w", path, err)
	}
	defer os.RemoveAll(temp)
	if err := s.fill(temp, c); err != nil {
		return "", fmt.Errorf("checkpoint: write %s: %w", path, err)
	}
	if err := os.Rename(temp, path); err != nil {
		return "", fmt.Errorf("checkpoint: write: %w", err)
	}
	if err := atomicfile.SyncFolder(s.dir); err != nil {
		return "", fmt.Errorf("checkpoint: write %s: %w", path, err)
	}
	return path, s.prune()
}

// fill writes the parts and then the manifest, and syncs each and the folder.
func (s *Store) fill(dir string, c *Checkpoint) error {
	m := manifest{Version: version, Step: c.Step, Epoch: c.Epoch, Engine: c.Engine, Recipe: c.Recipe, Sums: c.Sums, Files: map[string]file{}}
	for name, part := range c.Parts {
		f, err := s.write(filepath.Join(dir, name+suffix), func(w io.Writer) error { return safetensors.Write(w, part) })
		if err != nil {
			return err
		}
		m.Files[name+suffix] = f
	}
	b, err := m.encode()
	if err != nil {
		return err
	}
	if _, err := s.write(filepath.Join(dir, manifestName), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(b))
		return err
	}); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // a temporary folder is its owner's alone
		return err
	}
	return atomicfile.SyncFolder(dir)
}

// write makes one file durable and measures it.
func (s *Store) write(path string, content func(io.Writer) error) (file, error) {
	out, err := s.create(path)
	if err != nil {
		return file{}, err
	}
	hash, n := sha256.New(), counter(0)
	w := bufio.NewWriterSize(io.MultiWriter(out, hash, &n), 1<<16)
	err = content(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return file{Bytes: int64(n), SHA256: hex.EncodeToString(hash.Sum(nil))}, err
}

type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// prune removes the checkpoints before the newest s.keep. Each is renamed before it is removed, so that a kill between
// leaves no half of one under its name.
func (s *Store) prune() error {
	steps, err := s.Steps()
	if err != nil {
		return err
	}
	for _, old := range steps[min(s.keep, len(steps)):] {
		gone := filepath.Join(s.dir, tempPrefix+folderName(old))
		if err := os.Rename(s.Path(old), gone); err != nil {
			return fmt.Errorf("checkpoint: remove an old one: %w", err)
		}
		if err := os.RemoveAll(gone); err != nil {
			return fmt.Errorf("checkpoint: remove an old one: %w", err)
		}
	}
	return nil
}
