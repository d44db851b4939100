package conformance

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	generates = regexp.MustCompile(`(?m)^//go:generate go run (-C \S+ )?(\S+) (.*-out .*)$`)
	outputs   = regexp.MustCompile(`-(out|stubs) (\S+)`)
)

// Each generator of assembly writes, byte for byte, the files that stand beside its go:generate line. The first line of a
// file holds the command, which names where the files go.
func TestAssemblyIsWhatItsGeneratorsWrite(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "bench" || d.Name() == ".git") {
			if d != nil && d.IsDir() && err == nil {
				return filepath.SkipDir
			}
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range generates.FindAllStringSubmatch(string(src), -1) {
			seen++
			regenerate(t, filepath.Dir(path), strings.TrimSpace(strings.TrimPrefix(m[1], "-C ")), m[2], m[3])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 5 {
		t.Errorf("only %d generators were found", seen)
	}
}

func regenerate(t *testing.T, dir, chdir, pkg, args string) {
	t.Helper()
	tmp := t.TempDir()
	var files []string
	args = outputs.ReplaceAllStringFunc(args, func(flag string) string {
		name, file, _ := strings.Cut(flag, " ")
		files = append(files, filepath.Join(dir, chdir, file))
		return name + " " + filepath.Join(tmp, filepath.Base(file))
	})
	cmd := exec.Command("go", append([]string{"run", pkg}, strings.Fields(args)...)...)
	cmd.Dir = filepath.Join(dir, chdir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", dir, err, out)
		return
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := os.ReadFile(filepath.Join(tmp, filepath.Base(file)))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(afterFirstLine(got), afterFirstLine(want)) {
			t.Errorf("%s is not what its generator writes: run go generate", file)
		}
	}
}

func afterFirstLine(b []byte) []byte {
	_, rest, _ := bytes.Cut(b, []byte("\n"))
	return rest
}
