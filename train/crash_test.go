package train

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/train/checkpoint"
	"github.com/elbo-ml/elbo/train/data"
)

// crashFolder names the environment variable that makes the test binary a training to be killed, and smallFiles the one
// that lets it write no more than a few bytes to a file.
const (
	crashFolder = "ELBO_TEST_CRASH_FOLDER"
	smallFiles  = "ELBO_TEST_SMALL_FILES"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashFolder); dir != "" {
		if os.Getenv(smallFiles) != "" {
			limitFiles()
		}
		if err := trainUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func crashOptions() Options {
	return Options{MaxSteps: 240, Batch: 40, Seed: 21, Binarize: data.Dynamic, EMA: 0.99, CheckpointEvery: 2}
}

// trainUntilKilled trains in the folder, resuming what is there, and writes the final weights beside the checkpoints.
func trainUntilKilled(dir string) error {
	o := crashOptions()
	o.Checkpoint, o.Resume = filepath.Join(dir, "run"), true
	m := newToy(5)
	r, err := Fit(context.Background(), m, stripes{600}, o)
	if err != nil {
		return err
	}
	if len(r.Notes) > 0 {
		return fmt.Errorf("a kill left a checkpoint that does not verify: %s", strings.Join(r.Notes, "; "))
	}
	return os.WriteFile(filepath.Join(dir, "weights"), m.bytes(), 0o600)
}

// A training killed at any instant, again and again, ends with the bits of one that never was, and no kill leaves
// under a checkpoint's name anything that does not verify.
func TestKilledTrainingResumesBitIdentical(t *testing.T) {
	kills := 10
	if *long {
		kills = 200
	}
	whole := newToy(5)
	fit(t, whole, crashOptions())
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for done := 0; done < kills; {
		dir := t.TempDir()
		for {
			delay := time.Duration(20+rng.IntN(300)) * time.Millisecond
			killed := trainAndKill(t, dir, delay)
			verifyAll(t, filepath.Join(dir, "run"))
			if !killed {
				break
			}
			if done++; done >= kills {
				trainAndKill(t, dir, time.Hour)
				break
			}
		}
		got, err := os.ReadFile(filepath.Join(dir, "weights"))
		if err != nil || !bytes.Equal(got, whole.bytes()) {
			t.Fatalf("after %d kills the weights differ from those of the uninterrupted run (%v)", done, err)
		}
	}
}

// trainAndKill reports whether the kill came before the training's end.
func trainAndKill(t *testing.T, dir string, delay time.Duration) bool {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashFolder+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(delay, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err = cmd.Wait()
	if err != nil && cmd.ProcessState.Exited() {
		t.Fatalf("the training failed: %v: %s", err, stderr.String())
	}
	return err != nil
}

// verifyAll reads every checkpoint that stands under its name.
func verifyAll(t *testing.T, dir string) {
	t.Helper()
	folders, _ := filepath.Glob(filepath.Join(dir, "step-*"))
	for _, f := range folders {
		if _, err := checkpoint.Read(f); err != nil {
			t.Fatalf("a kill left a half-written checkpoint: %v", err)
		}
	}
	if damaged, _ := filepath.Glob(filepath.Join(dir, "damaged-*")); len(damaged) > 0 {
		t.Fatalf("a resume met damaged checkpoints: %v", damaged)
	}
}
