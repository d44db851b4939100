package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func hello(w io.Writer) error {
	_, err := io.WriteString(w, "hello")
	return err
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestWriteReplacesAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for range 2 {
		if err := Write(path, hello); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); string(got) != "hello" || names(t, dir) != "a" {
		t.Errorf("read %q, %v; the folder holds %s", got, err, names(t, dir))
	}
}

func TestWriteThatFailsLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error {
		_, err := w.Write(make([]byte, 1<<21)) // past every buffer
		return errors.Join(err, broken)
	})
	if got, _ := os.ReadFile(path); !errors.Is(err, broken) || string(got) != "old" || names(t, dir) != "a" {
		t.Errorf("error %v; the file holds %q and the folder %s", err, got, names(t, dir))
	}
	if err := Write(dir, hello); err == nil {
		t.Error("a folder was written over")
	}
	if err := Write(filepath.Join(dir, "none", "a"), hello); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: got error %v", err)
	}
}

func TestWriteDoesNotReplaceADevice(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/full, which Linux has")
	}
	path := filepath.Join(t.TempDir(), "a")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, hello); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got error %v", err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link to the device is gone: %v, %v", info, err)
	}
}

func TestWriteNewLeavesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := WriteNew(path, hello); err != nil {
		t.Fatal(err)
	}
	fails := func(w io.Writer) error { t.Error("written over"); return nil }
	if err := WriteNew(path, fails); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got error %v", err)
	}
	// One that appears while the file is being written stays too.
	late := filepath.Join(dir, "b")
	err := WriteNew(late, func(io.Writer) error { return os.WriteFile(late, []byte("theirs"), 0o600) })
	if got, _ := os.ReadFile(late); !errors.Is(err, fs.ErrExist) || string(got) != "theirs" || names(t, dir) != "a b" {
		t.Errorf("error %v; the file holds %q and the folder %s", err, got, names(t, dir))
	}
}

func TestWriteFolderReplacesAFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	for _, files := range []map[string][]byte{{"a": []byte("1"), "b": nil}, {"c": []byte("2")}} {
		if err := WriteFolder(path, files); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(path, "c")); string(got) != "2" || names(t, path) != "c" || names(t, dir) != "m" {
		t.Errorf("read %q, %v; the folder holds %s, the one around it %s", got, err, names(t, path), names(t, dir))
	}
	if err := WriteFolder(path, map[string][]byte{"none/a": nil}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v", err)
	}
	if names(t, path) != "c" || names(t, dir) != "m" {
		t.Errorf("a write that failed left %s in the folder and %s around it", names(t, path), names(t, dir))
	}
}

// Where folders cannot be exchanged in one step, renames do the same.
func TestSwapByRename(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"old", "new"} {
		if err := os.MkdirAll(filepath.Join(dir, name, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := swapByRename(filepath.Join(dir, "new"), filepath.Join(dir, "old")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(dir, "old")) + " " + names(t, filepath.Join(dir, "new")) + " in " + names(t, dir); got != "new old in new old" {
		t.Error(got)
	}
}
