package conformance

import (
	"errors"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
)

// Shapes that are inferred are those that the recorded outputs have, for the exporter's symbols and for both sets of
// inputs.
func TestInferredShapesOfFixtures(t *testing.T) {
	all, err := Fixtures(fixturesDir())
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, f := range all {
		g, err := f.Model()
		if errors.Is(err, graph.ErrUnsupported) {
			continue
		} else if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		graph.LiftNoise(g)
		if err := graph.Verify(g); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		for _, v := range g.Outputs {
			checkDeclared(t, f.Name, v)
		}
		checked++
		if len(f.Untold()) > 0 {
			continue // and the shapes of what it drew
		}
		for _, set := range f.sets() {
			checkRecorded(t, f, g, set)
		}
	}
	t.Logf("%d of %d fixtures checked", checked, len(all))
}

// checkDeclared holds the inferred shape against the file's: the same rank, and no number against another number.
func checkDeclared(t *testing.T, fixture string, v *graph.Value) {
	t.Helper()
	// PyTorch declares vq_vae's idx as [batch,1]; what it recorded is [batch,16].
	if v.Declared == nil || strings.HasPrefix(fixture, "vq_vae_") && v.Name == "idx" {
		return
	}
	fits := len(v.Declared) == len(v.Shape)
	for i := range v.Shape {
		want, known := v.Declared[i].Known()
		got, found := v.Shape[i].Known()
		fits = fits && (!known || !found || got == want)
	}
	if !fits {
		t.Errorf("%s: output %v, declared %v", fixture, v, v.Declared)
	}
}

func checkRecorded(t *testing.T, f *Fixture, g *graph.Graph, set string) {
	t.Helper()
	in, err := f.feeds(g, set)
	if err != nil {
		t.Errorf("%s: %v", f.Name, err)
		return
	}
	shapes := map[string][]int{}
	for i, v := range g.Inputs {
		shapes[v.Name] = in[i].Shape()
	}
	c, err := graph.Specialize(g, shapes)
	if err != nil {
		t.Errorf("%s: %v", f.Name, err)
		return
	}
	want, err := f.results(g, set)
	if err != nil {
		return // the fixture check tells of recordings that are missing
	}
	for i, v := range c.Outputs {
		if got, ok := v.Shape.Known(); !ok || !want[i].Shape().Equal(got) {
			t.Errorf("%s%s: output %v, recorded %v", set, f.Name, v, want[i])
		}
	}
}
