package reproduce

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Trace is what a training shows on its way, kept in the folder of its cell so that a run that goes on after a kill has
// the points from before it.
type Trace[T any] struct {
	path   string
	points []traced[T]
}

type traced[T any] struct {
	Step  int `json:"step"`
	Value T   `json:"value"`
}

// OpenTrace opens the named trace of a cell's folder, which may be new.
func OpenTrace[T any](folder, name string) (*Trace[T], error) {
	t := &Trace[T]{path: filepath.Join(folder, name+".json")}
	b, err := os.ReadFile(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &t.points); err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	return t, nil
}

// Add records what was seen after a step, in place of what an earlier go saw from there on.
func (t *Trace[T]) Add(step int, value T) error {
	n := len(t.points)
	for n > 0 && t.points[n-1].Step >= step {
		n--
	}
	t.points = append(t.points[:n], traced[T]{step, value})
	return writeJSON(t.path, t.points)
}

// Has reports whether the step has been recorded.
func (t *Trace[T]) Has(step int) bool {
	for _, p := range t.points {
		if p.Step == step {
			return true
		}
	}
	return false
}

// Values are what was recorded, in the order of the steps.
func (t *Trace[T]) Values() []T {
	var all []T
	for _, p := range t.points {
		all = append(all, p.Value)
	}
	return all
}
