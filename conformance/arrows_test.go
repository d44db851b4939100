package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/elbo-ml/elbo/"

// mayImport is the table of docs/architecture.md: the folders whose packages each folder's packages may use.
var mayImport = map[string][]string{
	"":            {}, // the front page of the documentation, which has no code
	"tensor":      {},
	"graph":       {"tensor"},
	"importer":    {"graph", "tensor"},
	"runtime":     {"graph", "tensor"},
	"runtime/ort": {"graph", "tensor", "importer", "runtime"}, // ONNX Runtime takes ONNX bytes
	"train":       {"graph", "runtime", "tensor"},
	"models":      {"graph", "runtime", "train", "importer", "tensor"},
	"reproduce":   {"tensor", "graph", "importer", "runtime", "train", "models"},
	"serve":       {"models", "train", "runtime", "graph", "tensor"},
	"conformance": {"tensor", "graph", "importer", "runtime", "runtime/ort", "train", "models", "serve"},
	"cmd":         {"tensor", "graph", "importer", "runtime", "runtime/ort", "train", "models", "serve", "conformance", "reproduce"},
	"examples":    {"tensor", "graph", "importer", "runtime", "train", "models", "serve"},
}

// runtime/engines opens either engine, so it alone in runtime/ sees runtime/ort; importer/onnxgo runs what it reads.
var exceptions = map[string]string{"runtime/engines": "runtime/ort", "importer/onnxgo": "runtime"}

func TestImportArrows(t *testing.T) {
	list := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		from := strings.TrimSuffix(strings.TrimPrefix(p.ImportPath+"/", module), "/")
		allowed, ok := mayImport[folder(from)]
		if !ok {
			t.Errorf("%s stands in a folder the table does not know", from)
		}
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module)
			if ours && folder(to) != folder(from) && !slices.Contains(allowed, folder(to)) && exceptions[from] != folder(to) {
				t.Errorf("%s imports %s, which the arrows of docs/architecture.md do not allow", from, to)
			}
		}
	}
	if seen < 5 {
		t.Errorf("go list showed only %d packages", seen)
	}
}

// folder is the row of the table that a package belongs to.
func folder(pkg string) string {
	if pkg == "runtime/ort" || strings.HasPrefix(pkg, "runtime/ort/") {
		return "runtime/ort"
	}
	top, _, _ := strings.Cut(pkg, "/")
	return top
}
