package conformance

import (
	"bytes"
	"os"
	"testing"
)

func TestOperatorPageIsUpToDate(t *testing.T) {
	page, err := os.ReadFile("../docs/operators.md")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := WriteOperators(&want); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, want.Bytes()) {
		t.Error("docs/operators.md is not what the tables say: make generate writes it anew")
	}
}
