package conformance

import (
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/kingma"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/train/data"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

// dataDir is a folder of data, or a skip.
func dataDir(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("ELBO_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no %s (ELBO_DATA names the folder of data)", dir)
	}
	return dir
}

// The author's own weights give the ELBO that his own weights give: -87.28 on the MNIST test set, binarised once by
// numpy's RandomState(0), with 19 of 50 units active, on either engine; and -83.12 by 500 importance samples on the first
// 1000 images.
func TestKingmaM1(t *testing.T) {
	m1, mnist := dataDir(t, "kingma-m1"), dataDir(t, "mnist")
	src, err := data.Open(mnist, data.Options{Split: data.Test})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	v, err := kingma.M1(m1)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m1.elbo")
	if err := v.Save(path, models.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	v.Close()
	for _, name := range []string{"native", "ort"} {
		t.Run(name, func(t *testing.T) {
			engine, err := engines.Open(name, engines.Options{})
			if errors.Is(err, runtime.ErrUnavailable) {
				t.Skipf("%s: %v", name, err)
			}
			if err != nil {
				t.Fatal(err)
			}
			v, err := models.Open(path, models.WithEngine(engine))
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			e, err := models.Evaluate(context.Background(), v, src, models.EvalOptions{Binarize: data.Static})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("ELBO %.3f (%.3f), reconstruction %.3f, KL %.3f, %d active units, %.1f s", e.ELBO, e.ELBOError, e.Reconstruction, e.KL, e.ActiveUnits, e.Seconds)
			if math.Abs(e.ELBO+87.28) > 0.10 || e.ActiveUnits != 19 {
				t.Errorf("ELBO %.3f with %d active units, want -87.28 +- 0.10 with 19", e.ELBO, e.ActiveUnits)
			}
			if !*long {
				return // the other bound takes a minute
			}
			e, err = models.Evaluate(context.Background(), v, src, models.EvalOptions{Binarize: data.Static, K: 500, Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("IWAE %.3f (%.3f) with k = 500 on %d images, %.1f s", e.IWAE, e.IWAEError, e.N, e.Seconds)
			if math.Abs(e.IWAE+83.12) > 0.10 {
				t.Errorf("IWAE %.3f, want -83.12 +- 0.10", e.IWAE)
			}
		})
	}
}
