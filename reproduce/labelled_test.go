package reproduce

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/train/data"
)

// Rows come with their labels behind them; where there is no data the error says how to name it, and nothing stands in.
func TestLabelled(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "digits")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"train-images-idx3-ubyte": {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 255, 0, 0, 255},
		"train-labels-idx1-ubyte": {0, 0, 8, 1, 0, 0, 0, 2, 1, 0},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	e := Experiment{Name: "labelled", Run: func(ctx context.Context, l *Lab) error {
		src, err := l.Labelled("digits", data.Train, 2)
		if err != nil {
			return err
		}
		rows := make([]float32, 8)
		if err := src.Read(ctx, []int{0, 1}, rows); err != nil {
			return err
		}
		if want := []float32{1, 0, 0, 1, 0, 1, 1, 0}; !slices.Equal(rows, want) {
			t.Errorf("rows %v, want %v", rows, want)
		}
		if _, err := l.Labelled("letters", data.Train, 2); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "ELBO_DATA") {
			t.Errorf("without the data: %v", err)
		}
		return nil
	}}
	if _, err := Run(t.Context(), e, Options{Out: t.TempDir(), Data: root}); err != nil {
		t.Fatal(err)
	}
}
