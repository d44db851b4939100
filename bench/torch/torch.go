// Package torch runs tasks in PyTorch, in a process of its own that stays warm between bursts.
package torch

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/elbo-ml/elbo/bench/side"
)

//go:embed tasks.py
var tasks string

// probe tells whether torch multiplies matrices with a BLAS made for speed. Debian's can be had without one, and is then
// thirty times slower: not a peer.
const probe = `
import torch
torch.randn(4, 4) @ torch.randn(4, 4)
print(any(name in line for line in open("/proc/self/maps") for name in ("openblas", "mkl", "blis")) or torch.backends.mkl.is_available())`

// Side is PyTorch doing a task of tasks.py, named by args.
func Side(threads int, args ...string) side.Side {
	return side.Side{Name: "PyTorch", Threads: threads, Open: func() (side.Burst, func(), error) { return open(threads, args) }}
}

// open starts the process, which prints a line when it is ready. It runs Debian's Python, whose package
// python3-torch needs no downloads from elsewhere; PYTHON names another.
func open(threads int, args []string) (side.Burst, func(), error) {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	if out, err := exec.Command(python, "-c", probe).Output(); err != nil {
		return nil, nil, fmt.Errorf("%w: no torch for %s (Debian: apt-get install python3-torch libopenblas0)", side.ErrSkip, python)
	} else if strings.TrimSpace(string(out)) != "True" {
		return nil, nil, fmt.Errorf("%w: torch would run on the reference BLAS (Debian: apt-get install libopenblas0)", side.ErrSkip)
	}
	n := strconv.Itoa(threads)
	cmd := exec.Command(python, append([]string{"-c", tasks, n}, args...)...)
	// The BLAS beneath has threads of its own, and takes their number only from here.
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS="+n, "OPENBLAS_NUM_THREADS="+n, "MKL_NUM_THREADS="+n)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	closer := func() { in.Close(); cmd.Wait() }
	lines := bufio.NewReader(out)
	if _, err := lines.ReadString('\n'); err != nil {
		closer()
		return nil, nil, fmt.Errorf("start: %w", err)
	}
	return func(n int) (time.Duration, error) { return burst(in, lines, n) }, closer, nil
}

// burst asks for n runs and reads the seconds they took.
func burst(w io.Writer, r *bufio.Reader, n int) (time.Duration, error) {
	if _, err := fmt.Fprintln(w, n); err != nil {
		return 0, err
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	return time.Duration(seconds * float64(time.Second)), err
}
