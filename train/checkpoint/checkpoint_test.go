package checkpoint

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/safetensors"
)

func sample(step int) *Checkpoint {
	return &Checkpoint{Step: step, Epoch: step / 10, Engine: "native", Recipe: map[string]string{"seed": "1"}, Parts: map[string]*safetensors.File{
		"weights":   {Tensors: []safetensors.Named{{Name: "w", Tensor: tensor.Vector[float32](1, 2, float32(step))}}},
		"optimizer": {Tensors: []safetensors.Named{{Name: "m:w", Tensor: tensor.Vector[float64](3, 4)}}},
	}}
}

func open(t *testing.T, dir string, keep int) *Store {
	t.Helper()
	s, err := Open(dir, keep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func write(t *testing.T, s *Store, steps ...int) {
	t.Helper()
	for _, step := range steps {
		if path, err := s.Write(sample(step)); err != nil || path != s.Path(step) {
			t.Fatalf("write %d: %q, %v", step, path, err)
		}
	}
}

func TestWriteThenNewest(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a", "b"), 2)
	if c, notes, err := s.Newest(); c != nil || notes != nil || err != nil {
		t.Errorf("an empty folder gives %v, %v, %v", c, notes, err)
	}
	write(t, s, 7, 20, 100)
	c, notes, err := s.Newest()
	if err != nil || notes != nil {
		t.Fatal(notes, err)
	}
	if c.Step != 100 || c.Epoch != 10 || c.Engine != "native" || c.Recipe["seed"] != "1" {
		t.Errorf("read %+v", c)
	}
	if w := c.Parts["weights"].Tensor("w"); w == nil || tensor.Data[float32](w)[2] != 100 {
		t.Errorf("weights %v", w)
	}
	if c.Parts["optimizer"].Tensor("m:w") == nil {
		t.Error("the optimiser's state is missing")
	}
	if steps, _ := s.Steps(); !slices.Equal(steps, []int{100, 20}) {
		t.Errorf("steps %v, want the newest two", steps)
	}
}

func TestDamagedIsPassedOverAndSaid(t *testing.T) {
	edit := func(name string, change func([]byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), change(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name   string
		damage func(t *testing.T, dir string)
		says   string
	}{
		{"a file cut short", edit("weights.safetensors", func(b []byte) []byte { return b[:len(b)-1] }), "bytes, its manifest says"},
		{"one bit of a weight", edit("weights.safetensors", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), "checksum does not match"},
		{"a part missing", remove("optimizer.safetensors"), "no such file"},
		{"the manifest missing", remove(manifestName), "no such file"},
		{"the manifest empty", edit(manifestName, func([]byte) []byte { return nil }), "EOF"},
		{"another step in the manifest", edit(manifestName, func(b []byte) []byte { return bytes.Replace(b, []byte(`"step": 20`), []byte(`"step": 21`), 1) }), "checksum does not match"},
		{"a manifest from the future", edit(manifestName, func(b []byte) []byte { return bytes.Replace(b, []byte(`"version": 1`), []byte(`"version": 9`), 1) }), "version 9"},
		{"an endless manifest", edit(manifestName, func(b []byte) []byte { return append(b, make([]byte, maxManifest)...) }), "longer than"},
	}
	for _, tt := range tests {
		s := open(t, t.TempDir(), 2)
		write(t, s, 10, 20)
		tt.damage(t, s.Path(20))
		c, notes, err := s.Newest()
		if err != nil || c == nil || c.Step != 10 || len(notes) != 1 || !strings.Contains(notes[0], tt.says) || !strings.Contains(notes[0], "damaged-step-0000000020") {
			t.Errorf("%s: %v, %q, %v", tt.name, c, notes, err)
		}
		write(t, s, 20) // the name is free again
		if c, notes, err := s.Newest(); err != nil || len(notes) > 0 || c.Step != 20 {
			t.Errorf("%s: after writing it again: %v, %q, %v", tt.name, c, notes, err)
		}
	}
}

func TestNothingLeftIsAnError(t *testing.T) {
	s := open(t, t.TempDir(), 2)
	write(t, s, 10)
	if err := os.Truncate(filepath.Join(s.Path(10), "weights.safetensors"), 3); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Newest(); !errors.Is(err, ErrDamaged) {
		t.Errorf("Newest gave %v", err)
	}
}

func TestLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".tmp-123", ".tmp-step-0000000005"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "in"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mine := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir, 2)
	if left, _ := filepath.Glob(filepath.Join(dir, ".tmp-*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error("a file that is no checkpoint was removed")
	}
}

func TestOneTrainingAtATime(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 2)
	if runtime.GOOS == "windows" {
		t.Skip("folders are not locked on Windows")
	}
	if _, err := Open(dir, 2); !errors.Is(err, ErrLocked) {
		t.Errorf("opened twice: %v", err)
	}
	s.Close()
	open(t, dir, 2)
}

// full fails after a number of bytes, as a full disk does.
type full struct {
	syncWriter
	left *int
}

var errFull = errors.New("no space left on device")

func (f full) Write(b []byte) (int, error) {
	if *f.left -= len(b); *f.left < 0 {
		return 0, errFull
	}
	return f.syncWriter.Write(b)
}

func (f full) Sync() error {
	if *f.left--; *f.left < 0 {
		return errFull
	}
	return f.syncWriter.Sync()
}

// Wherever the disk becomes full, the checkpoints that were there stay, and nothing else is left behind.
func TestFullDiskKeepsTheOlder(t *testing.T) {
	s := open(t, t.TempDir(), 2)
	write(t, s, 1, 2)
	failed := 0
	for room := 0; ; room += 7 {
		left := room
		s.create = func(path string) (syncWriter, error) {
			f, err := createFile(path)
			return full{f, &left}, err
		}
		_, err := s.Write(sample(3))
		if err == nil {
			break
		}
		failed++
		if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "step-0000000003") {
			t.Fatalf("with room for %d bytes: %v", room, err)
		}
		entries, _ := os.ReadDir(s.dir)
		if len(entries) != 3 { // two checkpoints and the lock
			t.Fatalf("with room for %d bytes: %v is left", room, entries)
		}
		if c, notes, err := s.Newest(); err != nil || c.Step != 2 || notes != nil {
			t.Fatalf("with room for %d bytes the newest is %v, %v, %v", room, c, notes, err)
		}
	}
	if failed < 40 {
		t.Errorf("only %d writes failed; the disk was never full in the middle of one", failed)
	}
	if c, _, err := s.Newest(); err != nil || c.Step != 3 {
		t.Errorf("with room for all of it: %v, %v", c, err)
	}
}

// A manifest that decodes is consistent with itself and names no file outside its folder.
func FuzzManifest(f *testing.F) {
	b, err := manifest{Version: 1, Step: 3, Files: map[string]file{"weights.safetensors": {Bytes: 4}}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1,"files":{"../x.safetensors":{}}}`))
	f.Add([]byte(`{"version":1,"step":-1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		for name := range m.Files {
			if strings.ContainsAny(name, `/\`) || name == ".." {
				t.Fatalf("a file called %q", name)
			}
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(again); err != nil {
			t.Fatalf("written again it does not decode: %v", err)
		}
	})
}

func TestManifestRefusesPaths(t *testing.T) {
	for _, name := range []string{"../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "x.json"} {
		b, err := manifest{Version: 1, Files: map[string]file{name: {}}}.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(b); !errors.Is(err, ErrDamaged) {
			t.Errorf("a file called %q: %v", name, err)
		}
	}
}

func TestDiscardLeavesWhatIsNotACheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c")
	s := open(t, dir, 3)
	write(t, s, 1, 2)
	if err := Discard(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("discarding under a training: %v", err)
	}
	if steps, err := Steps(dir); err != nil || !slices.Equal(steps, []int{2, 1}) {
		t.Errorf("steps %v, %v", steps, err)
	}
	s.Close()
	thesis := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(thesis, []byte("years of work"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Discard(dir); err != nil {
		t.Fatal(err)
	}
	if steps, err := Steps(dir); err != nil || len(steps) != 0 {
		t.Errorf("steps %v, %v", steps, err)
	}
	if _, err := os.Stat(thesis); err != nil {
		t.Error(err)
	}
	os.Remove(thesis)
	if err := Discard(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the empty folder is still there: %v", err)
	}
	if err := Discard(dir); err != nil {
		t.Errorf("no folder: %v", err)
	}
}
