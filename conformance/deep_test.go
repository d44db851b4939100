package conformance

import (
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/flow"
	"github.com/elbo-ml/elbo/models/layer"
)

// deepModels are one of every flow, prior and arrangement of stochastic layers.
func deepModels(t *testing.T) map[string]models.Config {
	base := models.Config{Shape: []int{6, 6}, Hidden: []int{7}, Latent: 4, Context: 3, Seed: 1}
	all := map[string]models.Config{}
	for _, kind := range flow.Kinds {
		c := base
		var err error
		if c.Flow, err = flow.Chain(kind, 2, 6, nil); err != nil {
			t.Fatal(err)
		}
		all[kind] = c
	}
	c := base
	c.Prior, c.PriorSize = models.VampPrior, 3
	all["vampprior"] = c
	c.Prior, c.PriorSize = models.FlowPrior, 2
	all["flow prior"] = c
	for _, direction := range []string{models.BottomUp, models.Bidirectional} {
		c := base
		c.LatentLayers, c.Inference, c.Units = []int{3, 2}, direction, 5
		c.Flow = all["iaf"].Flow
		all[direction] = c
	}
	c = base
	c.Body, c.Hidden, c.Units, c.Layers = "resnet", []int{3, 4}, 5, &layer.Builder{Normalise: true}
	c.Flow = []flow.Flow{flow.IAF{Net: flow.MaskedConv{Shape: []int{1, 2, 2}, Maps: []int{5}, Layers: c.Layers}}}
	all["resnet"] = c
	c = base
	c.Autoregressive, c.Flow = []int{8}, all["iaf"].Flow
	all["autoregressive"] = c
	c.Body, c.Hidden, c.Likelihood, c.Components = "conv", []int{3}, models.LogisticMixture, 2
	all["autoregressive mixture"] = c
	return all
}

// ONNX's own checker takes each part of a deep model, and what the parts make together.
func TestDeepModelsAreONNX(t *testing.T) {
	python(t)
	var files []string
	dir := t.TempDir()
	for name, c := range deepModels(t) {
		v, err := models.New(c)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(dir, name)
		if err := v.Save(folder, models.SaveOptions{Composed: true}); err != nil {
			t.Fatal(err)
		}
		v.Close()
		found, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
		if err != nil || len(found) < 2 {
			t.Fatalf("%s: %d files, %v", name, len(found), err)
		}
		files = append(files, found...)
	}
	accepted(t, files)
}
