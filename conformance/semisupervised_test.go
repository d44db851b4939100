package conformance

import (
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/ssl"
)

// Every part of an M2 and of an M1+M2 is accepted as it stands in a bundle.
func TestCheckerAcceptsSemiSupervisedModels(t *testing.T) {
	python(t)
	m1, err := models.New(models.Config{Body: "conv", Shape: []int{8, 8}, Latent: 5, Hidden: []int{4}})
	if err != nil {
		t.Fatal(err)
	}
	defer m1.Close()
	stack, err := ssl.Stack(m1, []int{0, 2, 4}, ssl.Config{Classes: 3, Latent: 2, Hidden: []int{6, 5}})
	if err != nil {
		t.Fatal(err)
	}
	defer stack.Close()
	m2, err := ssl.New(ssl.Config{Shape: []int{8, 8}, Classes: 3, Latent: 2, Hidden: []int{6}, Likelihood: models.Gaussian})
	if err != nil {
		t.Fatal(err)
	}
	defer m2.Close()
	for parts, m := range map[int]*ssl.M2{3: m2, 5: stack} {
		dir := filepath.Join(t.TempDir(), "bundle")
		if err := m.Save(dir, models.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.onnx"))
		if err != nil || len(files) != parts {
			t.Fatalf("%v, %v: want %d files", files, err, parts)
		}
		accepted(t, files)
	}
}
