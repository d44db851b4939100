package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/tensor"
)

func recorded(name string) string {
	return filepath.Join("..", "..", "conformance", "testdata", "torch", name, "model.onnx")
}

func TestInspectTellsWhatAModelIs(t *testing.T) {
	out := mustRun(t, "inspect", recorded("iaf_encoder_torchscript"))
	for _, want := range []string{
		"opset 20", "encoder", "x to mean and scale of", "flow", "4 steps of [batch,6]", "native", "yes",
		"40 weights of 4366 numbers", "RandomNormalLike [batch,6] becomes an input",
		"merged with what it was multiplied by: onnx::Gemm_169, onnx::Gemm_170, onnx::Gemm_171, and 9 more", "do_constant_folding=False",
		"operators that run and train\n", "Elu x4,",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	for line := range strings.Lines(out) {
		if len(line) > 180 {
			t.Errorf("a line of %d columns: %s", len(line), line)
		}
	}
	if n := strings.Count(out, "\n"); n > 25 {
		t.Errorf("%d lines are no screen", n)
	}
}

func TestInspectJSON(t *testing.T) {
	var in inspection
	if err := json.Unmarshal([]byte(mustRun(t, "inspect", "--json", recorded("transformer_encoder_dynamo"))), &in); err != nil {
		t.Fatal(err)
	}
	if len(in.Looks) != 1 || in.Looks[0].Part != "encoder" || !in.Engines[0].Runs || !in.Training.Trains || len(in.Export.Aliases) != 6 ||
		len(in.Export.Folded) != 7 || in.Export.Folded[0].Recipe == "" {
		t.Errorf("%+v", in)
	}
}

// What blocks is told, once for running and once for training.
func TestInspectTellsWhatBlocks(t *testing.T) {
	var in inspection
	if err := json.Unmarshal([]byte(mustRun(t, "inspect", "--json", unknownOperator(t))), &in); err != nil {
		t.Fatal(err)
	}
	if in.Engines[0].Runs || in.Training.Trains || len(in.Engines[0].Why) != 1 || !strings.Contains(in.Engines[0].Why[0], "Mystery") {
		t.Errorf("%+v %+v", in.Engines, in.Training)
	}
}

// Noise in a body that no input can stand for, and a branch that data choose, are told by name.
func TestInspectLooksIntoBodies(t *testing.T) {
	g := graph.New("g")
	x := g.Input("x", "n", 3)
	w := g.Weight("w", tensor.Vector[float32](1, 2, 3))
	then, otherwise := graph.New("then"), graph.New("else")
	then.Output("a", then.Add(then.Reads(x), then.Node("RandomNormalLike", nil, then.Reads(w))))
	otherwise.Output("b", otherwise.Mul(otherwise.Reads(x), otherwise.Reads(w)))
	choice := g.Node("If", graph.Attrs{"then_branch": then, "else_branch": otherwise}, g.InputOf(tensor.Bool, "c", graph.Shape{}), x, w, x, w)
	choice.Producer.Name = "choice"
	g.Output("y", choice)
	path := filepath.Join(t.TempDir(), "bodies.onnx")
	save := func() string {
		if err := importer.Save(g, path, importer.SaveOptions{Force: true}); err != nil {
			t.Fatal(err)
		}
		return mustRun(t, "inspect", path)
	}
	if out := save(); !strings.Contains(out, "in the body of If choice becomes an input") ||
		!strings.Contains(out, `If (node "choice"): it has no gradient, since which branch it takes depends on data`) {
		t.Error(out)
	}
	body := graph.New("body")
	body.InputOf(tensor.Int64, "i", graph.Shape{})
	going, s := body.InputOf(tensor.Bool, "going", graph.Shape{}), body.Input("s", "n", 3)
	body.Output("again", going)
	body.Output("next", body.Add(s, body.Node("RandomNormalLike", nil, s)))
	walk := g.NodeN("Loop", 1, graph.Attrs{"body": body}, g.InputOf(tensor.Int64, "m", graph.Shape{}), nil, x)[0]
	walk.Producer.Name = "walk"
	g.Output("z", walk)
	if out := save(); !strings.Contains(out, "RandomNormalLike [n,3] in the body of Loop walk stays: its shape, or how often it is drawn, is known only in a run") ||
		!strings.Contains(out, `Loop (node "walk"): its body runs RandomNormalLike`) || !strings.Contains(out, "RandomNormalLike x2: draws random numbers") {
		t.Error(out)
	}
}

func TestImportNotesWhatTheExporterDid(t *testing.T) {
	dir := t.TempDir()
	code, _, errs := elbo(t, "import", "--encoder", recorded("transformer_encoder_torchscript"), "--decoder", recorded("transformer_decoder_torchscript"),
		"--out", filepath.Join(dir, "vae.elbo"))
	if code != exitOK || strings.Count(errs, "weights are merged, transposed or renamed") != 2 || !strings.Contains(errs, "do_constant_folding=False") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// Half of a model with a flow is no such model any more, and import says what it lost.
func TestImportNotesWhatItLeavesOut(t *testing.T) {
	dir := t.TempDir()
	bundle, parts := filepath.Join(dir, "iaf.elbo"), filepath.Join(dir, "iaf")
	mustRun(t, "train", "--data", "glyphs:100?size=8", "--hidden", "8", "--latent", "2", "--flow", "iaf", "--flow-width", "4", "--steps", "1", "--out", bundle)
	mustRun(t, "export", bundle, "--out", parts)
	code, _, errs := elbo(t, "import", "--encoder", filepath.Join(parts, "encoder.onnx"), "--decoder", filepath.Join(parts, "decoder.onnx"),
		"--out", filepath.Join(dir, "half.elbo"))
	if code != exitOK || strings.TrimSpace(errs) != "encoder: the output context is not used." {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// unknownOperator writes a model with a node that no engine of elbo's knows.
func unknownOperator(t *testing.T) string {
	t.Helper()
	g := graph.New("g")
	x := g.Input("x", "n", 3)
	y := &graph.Value{Name: "hidden", DType: x.DType, Shape: x.Shape}
	y.Producer = &graph.Node{Name: "m", Op: "Mystery", Domain: "com.example", Inputs: []*graph.Value{x}, Outputs: []*graph.Value{y}}
	g.Nodes = append(g.Nodes, y.Producer)
	g.Output("y", g.Exp(y))
	path := filepath.Join(t.TempDir(), "mystery.onnx")
	if err := importer.Save(g, path, importer.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}
