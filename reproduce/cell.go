package reproduce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Cell computes a unit of work once: the training of one model with one seed, the evaluation of another. The name says
// all that decides the result ("nz20/seed1"; a slash makes a folder). What f returns is kept as JSON, exactly for float64
// but without infinities and NaN, and a later run in the same folder reads it instead. What f leaves in its own folder stays there
// until its result is kept, so that a training with train.Options{Checkpoint: folder + "/checkpoints", Resume: true} goes
// on where it was killed; then the checkpoints are removed.
func Cell[T any](ctx context.Context, l *Lab, name string, f func(ctx context.Context, folder string) (T, error)) (T, error) {
	var result T
	folder := filepath.Join(l.Out, "cells", filepath.FromSlash(name))
	path := filepath.Join(folder, "result.json")
	b, err := os.ReadFile(path)
	if err == nil {
		if err := json.Unmarshal(b, &result); err != nil {
			return result, fmt.Errorf("%s: %w", path, err)
		}
		return result, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return result, err
	}
	if l.reading {
		return result, fmt.Errorf("%s: %w", name, errNotComputed)
	}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return result, err
	}
	l.Logf("%s ...", name)
	start := time.Now()
	result, err = f(ctx, folder)
	took := time.Since(start)
	if kept := l.spend(name, took); err == nil {
		err = kept
	}
	if err != nil {
		return result, fmt.Errorf("%s: %w", name, err)
	}
	l.Logf("%s done in %v", name, took.Round(100*time.Millisecond))
	if err := writeJSON(path, result); err != nil {
		return result, fmt.Errorf("%s: %w", name, err)
	}
	return result, os.RemoveAll(filepath.Join(folder, "checkpoints"))
}

// Has reports whether the cell of a name has been computed.
func (l *Lab) Has(name string) bool {
	_, err := os.Stat(filepath.Join(l.Out, "cells", filepath.FromSlash(name), "result.json"))
	return err == nil
}

// Took is the time that the cells whose names pass have taken, each for itself.
func (l *Lab) Took(pass func(name string) bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	total := 0.0
	for name, s := range l.ledger.Seconds {
		if pass(name) {
			total += s
		}
	}
	return seconds(total)
}
