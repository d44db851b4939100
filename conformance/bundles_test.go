package conformance

import (
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/train"
)

// What a bundle holds is ONNX that others read: every body and likelihood, its objective, and the step that trains it.
func TestCheckerAcceptsBundles(t *testing.T) {
	python(t)
	var files []string
	for _, c := range []models.Config{
		{Name: "dense", Shape: []int{28, 28}},
		{Name: "dense-gaussian", Shape: []int{20}, Likelihood: models.Gaussian, Activation: "softplus", Hidden: []int{9, 8}},
		{Name: "conv", Shape: []int{28, 28}, Body: "conv"},
		{Name: "autoregressive", Shape: []int{10, 10}, Hidden: []int{9}, Autoregressive: []int{12}, Likelihood: models.DiscretizedLogistic},
		{Name: "conv-colour", Shape: []int{3, 33, 31}, Body: "conv", Likelihood: models.DiscretizedLogistic, Activation: "elu"},
	} {
		v, err := models.New(c)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		dir := filepath.Join(t.TempDir(), c.Name)
		if err := v.Save(dir, models.SaveOptions{Recipe: map[string]string{"epochs": "0"}}); err != nil {
			t.Fatal(err)
		}
		o, err := v.Objective()
		if err != nil {
			t.Fatal(err)
		}
		grads, err := train.Gradients(o.Graph, o.Loss, o.Params)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range grads {
			o.Graph.Output("gradient of "+o.Params[i].Name, d)
		}
		if err := o.Graph.WeightsToInputs(o.Params...); err != nil {
			t.Fatal(err)
		}
		step := filepath.Join(dir, "step.onnx")
		if err := importer.Save(o.Graph, step, importer.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Join(dir, "encoder.onnx"), filepath.Join(dir, "decoder.onnx"), step)
	}
	accepted(t, files)
}
