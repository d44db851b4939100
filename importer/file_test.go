package importer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// allModels are the fixtures and every model of ONNX's own suites.
func allModels(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("ELBO_ONNX_DATA")
	if dir == "" {
		dir = "../../shared/onnx-backend"
	}
	models := fixtures(t)
	for _, pattern := range []string{"*/*/model.onnx", "light/*.onnx"} {
		more, _ := filepath.Glob(filepath.Join(dir, pattern))
		models = append(models, more...)
	}
	return models
}

// wireFields are a message's fields: by number, the values in order.
func wireFields(b []byte) (map[protowire.Number][][]byte, bool) {
	fields := map[protowire.Number][][]byte{}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeField(b)
		if n < 0 {
			return nil, false
		}
		tag := protowire.SizeTag(num)
		value := b[tag:n]
		if typ == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		fields[num] = append(fields[num], value)
		b = b[n:]
	}
	return fields, true
}

// sameMessage compares messages without knowing any of their fields: the same values in each, in whatever order of numbers.
func sameMessage(a, b []byte) error {
	if bytes.Equal(a, b) {
		return nil
	}
	x, ok := wireFields(a)
	y, also := wireFields(b)
	if !ok || !also {
		return fmt.Errorf("%d bytes became %d others", len(a), len(b))
	}
	for num := range y {
		if len(x[num]) != len(y[num]) {
			return fmt.Errorf("field %d stood there %d times and is written %d times", num, len(x[num]), len(y[num]))
		}
	}
	for num, values := range x {
		if len(y[num]) != len(values) {
			return fmt.Errorf("field %d stood there %d times and is written %d times", num, len(values), len(y[num]))
		}
		for i, v := range values {
			if err := sameMessage(v, y[num][i]); err != nil {
				return fmt.Errorf("field %d: %w", num, err)
			}
		}
	}
	return nil
}

// Every model is written as it was read, with all that elbo does not understand.
func TestFilesAreWrittenAsTheyWereRead(t *testing.T) {
	models := allModels(t)
	for _, path := range models {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, Options{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		again, err := f.Marshal()
		if err == nil {
			err = sameMessage(b, again)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	t.Logf("%d models", len(models))
}

// What becomes a graph is written and read again without a change.
func TestGraphsRoundTrip(t *testing.T) {
	n := 0
	for _, path := range allModels(t) {
		g, err := Load(path, Options{})
		if err != nil {
			continue // the lists of package conformance tell which and why
		}
		n++
		b, err := Marshal(g)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		back, err := Unmarshal(b, Options{})
		if err != nil {
			t.Errorf("%s: what was written is not read: %v", path, err)
			continue
		}
		if !bytes.Equal(marshal(t, back), b) {
			t.Errorf("%s: a second round gives other bytes", path)
		}
	}
	t.Logf("%d models", n)
}

// A model that was trained goes back into its file, unknown operators, functions and fields around it untouched.
func TestUpdate(t *testing.T) {
	m, err := modelOf(encoder(t))
	if err != nil {
		t.Fatal(err)
	}
	m.Graph.Nodes = append(m.Graph.Nodes, &onnxpb.Node{Op: "Fuse", Domain: "org.example", Inputs: []string{"mean"}, Outputs: []string{"f"}})
	m.Functions = []*onnxpb.Function{{Name: "F", Domain: "d", Inputs: []string{"x"}, Outputs: []string{"y"}}}
	m.Unknown = append([]byte{0xfa, 0x7f, 1}, 'x')
	dir := t.TempDir()
	path, out := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "out.onnx")
	before := m.Encode().Bytes()
	if err := os.WriteFile(path, before, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Graph(); err == nil {
		t.Error("an unknown operator became a graph")
	}
	trained := encoder(t)
	tensor.Data[float32](trained.Weights[0].Data)[5] = 42
	if n, err := f.Update(trained); err != nil || n != len(trained.Weights) {
		t.Fatal(n, err)
	}
	if err := f.Save(out, SaveOptions{External: 32}); err != nil {
		t.Fatal(err)
	}
	if f, err = Open(out, Options{}); err != nil {
		t.Fatal(err)
	}
	inline := filepath.Join(dir, "inline.onnx")
	if err := f.Save(inline, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(inline)
	if err != nil {
		t.Fatal(err)
	}
	m.Graph.Initializers[0] = protoOf("fc1.weight", trained.Weights[0].Data)
	if err := sameMessage(m.Encode().Bytes(), after); err != nil {
		t.Error(err)
	}
	if sameMessage(before, after) == nil {
		t.Error("nothing was updated")
	}
	other := graph.New("other")
	other.Weight("fc1.weight", tensor.New(tensor.Float32, 2, 2))
	if _, err := f.Update(other); err == nil || !strings.Contains(err.Error(), "fc1.weight") {
		t.Errorf("a weight of another shape: %v", err)
	}
	other = graph.New("other")
	other.Weight("elsewhere", tensor.New(tensor.Float32, 2, 2))
	if _, err := f.Update(other); err == nil || !strings.Contains(err.Error(), `no weight "elsewhere"`) {
		t.Errorf("a weight that the file has no place for: %v", err)
	}
}

// Of two parameters that the exporter had made one, training makes two, and both go back.
func TestUpdateOfAnAlias(t *testing.T) {
	x := pbValue("x", pbFloat, "n")
	m := &onnxpb.Model{IRVersion: 3, Opsets: []*onnxpb.OperatorSet{{Version: 13}}, Graph: pbGraph(values{x}, values{{Name: "y"}},
		pbNode("Identity", "a", "b"), pbNode("Mul", "x a", "h"), pbNode("Add", "h b", "y"))}
	m.Graph.Initializers = []*onnxpb.Tensor{protoOf("a", tensor.Vector[float32](1, 1))}
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(path, m.Encode().Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	trained := graph.New("trained")
	trained.Weight("a", tensor.Vector[float32](2, 3))
	trained.Weight("b", tensor.Vector[float32](4, 5))
	if n, err := f.Update(trained); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	g, err := f.Graph()
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Weights) != 2 || g.Value("b").Data.Floats()[1] != 5 || len(g.Inputs) != 1 || len(g.Nodes) != 2 {
		t.Errorf("weights %v, inputs %v, %d nodes", g.Weights, g.Inputs, len(g.Nodes))
	}
}
