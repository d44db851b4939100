package kingma

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is no such archive is told by its name; that the author's own gives his numbers is tested in conformance.
func TestM1RefusesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := M1(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, encoderFile), []byte("no archive"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := M1(dir); err == nil || !strings.Contains(err.Error(), encoderFile) {
		t.Errorf("a file that is no archive: %v", err)
	}
}
