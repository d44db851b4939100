package side

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrSkip is wrapped by the error of a side that cannot run here; the message says why.
var ErrSkip = errors.New("left out")

// Host is a process that does tasks when it is told to, one line in and one line out:
//
//	open KEY TASK ARGUMENT...   makes ready; "ok"
//	check KEY FILE              does the task on given numbers and writes the results, float32, to FILE; "ok"
//	run KEY N                   does the task N times; the seconds that took
//	close KEY                   frees the task; "ok"
//
// or, in the place of any answer, "error" and why. Between two lines the process is stopped by a signal: threads that
// would spin while they wait for work take nothing from the other sides.
type Host struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	tasks int
}

// Start starts the process.
func Start(cmd *exec.Cmd) (*Host, error) {
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = dieWithParent()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSkip, err)
	}
	return &Host{cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// Close ends the process.
func (h *Host) Close() {
	h.cmd.Process.Signal(syscall.SIGCONT)
	h.in.Close()
	h.cmd.Wait()
}

// Wake waits until the process answers for the first time, and stops it.
func (h *Host) Wake() { h.ask("close", "0") }

// open opens a task and returns its key.
func (h *Host) open(task []string) (key string, err error) {
	h.tasks++
	key = strconv.Itoa(h.tasks)
	_, err = h.ask("open", append([]string{key}, task...)...)
	return key, err
}

func (h *Host) run(key string, n int) (time.Duration, error) {
	answer, err := h.ask("run", key, strconv.Itoa(n))
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(answer, 64)
	return time.Duration(seconds * float64(time.Second)), err
}

// ask sends a line and reads the answer. A refusal wraps ErrSkip.
func (h *Host) ask(verb string, words ...string) (string, error) {
	h.cmd.Process.Signal(syscall.SIGCONT)
	defer h.cmd.Process.Signal(syscall.SIGSTOP)
	if _, err := fmt.Fprintln(h.in, verb, strings.Join(words, " ")); err != nil {
		return "", fmt.Errorf("%w: the process ended: %w", ErrSkip, err)
	}
	line, err := h.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%w: the process ended: %w", ErrSkip, err)
	}
	line = strings.TrimSpace(line)
	if why, refused := strings.CutPrefix(line, "error "); refused {
		return "", fmt.Errorf("%w: %s: %s", ErrSkip, verb, why)
	}
	return line, nil
}
