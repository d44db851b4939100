package train

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// limitFiles makes the kernel refuse writes past 1000 bytes of a file, as a full disk does.
func limitFiles() {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1000, Max: 1000}); err != nil {
		panic(err)
	}
}

// A checkpoint that cannot be written stops the run with one line; the one before is intact and the run goes on from it.
func TestFullDiskLosesNothing(t *testing.T) {
	dir := t.TempDir()
	o := crashOptions()
	o.Checkpoint, o.MaxSteps = filepath.Join(dir, "run"), 10
	fit(t, newToy(5), o)

	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashFolder+"="+dir, smallFiles+"=1")
	out, err := cmd.CombinedOutput()
	line := strings.TrimSuffix(string(out), "\n")
	if err == nil || strings.Contains(line, "\n") || !strings.Contains(line, "file too large") || !strings.Contains(line, "step 10 is intact") {
		t.Fatalf("%v: %s", err, out)
	}
	if left, _ := filepath.Glob(filepath.Join(o.Checkpoint, ".tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	o.Resume, o.MaxSteps, o.CheckpointEvery = true, 240, 100
	m, whole := newToy(6), newToy(5)
	if r := fit(t, m, o); r.Resumed != 10 {
		t.Errorf("resumed at %d, want 10", r.Resumed)
	}
	fit(t, whole, crashOptions())
	if !bytes.Equal(m.bytes(), whole.bytes()) {
		t.Error("the weights differ from those of a run on a disk with room")
	}
}
