// Package labtest is what the tests of the experiments share.
package labtest

import (
	"os"
	"path/filepath"
	"testing"
)

// MNIST is the folder of data that holds mnist/ with its labels: what the variable ELBO_DATA names, or shared/data beside the
// repository. Where there is none the test is skipped.
func MNIST(t testing.TB) string {
	t.Helper()
	root := os.Getenv("ELBO_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(root, "mnist")); err != nil {
		t.Skipf("%v: set ELBO_DATA to the folder that holds mnist", err)
	}
	return root
}
