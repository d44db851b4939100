package onnxgo_test

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	onnx "github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/testbackend"
	_ "github.com/owulveryck/onnx-go/backend/testbackend/onnx"
	gorgonia "gorgonia.org/tensor"

	"github.com/elbo-ml/elbo/importer/onnxgo"
	"github.com/elbo-ml/elbo/runtime/native"
)

// onnx-go's own suite, made of ONNX 1.5's node tests. testdata/suite.txt lists the cases that do not pass, each with its
// reason; one that changes either way fails here.
func TestSuite(t *testing.T) {
	listed := readList(t, "testdata/suite.txt")
	passed := 0
	for _, c := range testbackend.GetAllRegisteredTests() {
		c := c()
		err := attempt(c)
		_, expected := listed[c.Title]
		delete(listed, c.Title)
		switch {
		case err == nil && expected:
			t.Errorf("%s passes: take it from the list", c.Title)
		case err == nil:
			passed++
			t.Run(c.Title, c.RunTest(onnxgo.New(native.New(), onnxgo.Opset(c.ModelB)), false))
		case !expected:
			t.Errorf("%s: %v", c.Title, err)
		}
	}
	for name := range listed {
		t.Errorf("%s is on the list and not in the suite", name)
	}
	t.Logf("%d passed of %d", passed, len(testbackend.GetAllRegisteredTests()))
}

// attempt does what TestCase.RunTest does and returns what it would report.
func attempt(c *testbackend.TestCase) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	g := onnxgo.New(native.New(), onnxgo.Opset(c.ModelB))
	defer g.Close()
	m := onnx.NewModel(g)
	if err := m.UnmarshalBinary(c.ModelB); err != nil {
		return err
	}
	for i, t := range c.Input {
		if err := m.SetInput(i, t); err != nil {
			return err
		}
	}
	if err := g.Run(); err != nil {
		return err
	}
	got, err := m.GetOutputTensors()
	if err != nil {
		return err
	}
	if len(got) != len(c.ExpectedOutput) {
		return fmt.Errorf("%d outputs, want %d", len(got), len(c.ExpectedOutput))
	}
	for i, want := range c.ExpectedOutput {
		if err := equal(got[i], want); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

// equal holds got to want as the suite does: within 1e-6, absolute.
func equal(got, want gorgonia.Tensor) error {
	if fmt.Sprint(got.Shape()) != fmt.Sprint(want.Shape()) {
		return fmt.Errorf("the shape is %v, want %v", got.Shape(), want.Shape())
	}
	a, b := floats(got), floats(want)
	for i := range b {
		if d := math.Abs(a[i] - b[i]); !(d <= 1e-6) && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			return fmt.Errorf("element %d is %v, want %v", i, a[i], b[i])
		}
	}
	return nil
}

func floats(t gorgonia.Tensor) []float64 {
	v := reflect.ValueOf(t.Data())
	if v.Kind() != reflect.Slice {
		v = reflect.Append(reflect.MakeSlice(reflect.SliceOf(v.Type()), 0, 1), v)
	}
	out := make([]float64, v.Len())
	for i := range out {
		switch x := v.Index(i); {
		case x.Kind() != reflect.Bool:
			out[i] = x.Convert(reflect.TypeFor[float64]()).Float()
		case x.Bool():
			out[i] = 1
		}
	}
	return out
}

// readList reads lines "case: reason"; # starts a comment.
func readList(t *testing.T, path string) map[string]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if !ok || strings.TrimSpace(reason) == "" {
			t.Fatalf("%s: %q has no reason", path, line)
		}
		list[name] = reason
	}
	return list
}
