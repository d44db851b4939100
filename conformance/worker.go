package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Work answers on w, a line of JSON for each model file named in a line of r, what came of its case.
func (s *Suite) Work(ctx context.Context, r io.Reader, w io.Writer) error {
	lines, out := bufio.NewScanner(r), json.NewEncoder(w)
	for lines.Scan() {
		c, err := OpenCase(lines.Text())
		if err != nil {
			return err
		}
		if err := out.Encode(s.Run(ctx, c)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// Workers runs cases in processes of their own, one after the other: a case that hangs, or that takes its process down,
// fails alone, and the next one gets a new process.
type Workers struct {
	Command []string      // a process that does Suite.Work on its standard input and output
	Timeout time.Duration // of one case

	process *worker
}

// worker is one such process.
type worker struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	errors tail
}

// Run runs one case.
func (w *Workers) Run(ctx context.Context, c Case) (Outcome, error) {
	if err := ctx.Err(); err != nil {
		return Outcome{}, err
	}
	if w.process == nil {
		p, err := start(w.Command)
		if err != nil {
			return Outcome{}, err
		}
		w.process = p
	}
	p := w.process
	ended := time.AfterFunc(w.Timeout, func() { p.cmd.Process.Kill() })
	o, err := p.ask(c)
	if hung := !ended.Stop(); err == nil {
		return o, nil
	} else if w.Close(); hung {
		return Outcome{c.Name, Failed, fmt.Sprintf("no answer within %v", w.Timeout)}, nil
	}
	return Outcome{c.Name, Failed, "the process died: " + p.errors.cause(err)}, nil
}

// Close ends the process.
func (w *Workers) Close() {
	if p := w.process; p != nil {
		p.in.Close()
		p.cmd.Process.Kill()
		p.cmd.Wait() // it was killed: its error says no more
		w.process = nil
	}
}

func start(command []string) (*worker, error) {
	p := &worker{cmd: exec.Command(command[0], command[1:]...)}
	p.cmd.Stderr = &p.errors
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<20)
	return p, p.cmd.Start()
}

// ask waits for the outcome of one case. What a library prints between is passed over.
func (p *worker) ask(c Case) (o Outcome, err error) {
	if _, err := fmt.Fprintln(p.in, c.Model); err != nil {
		return o, err
	}
	for p.out.Scan() {
		if json.Unmarshal(p.out.Bytes(), &o) == nil && o.Case == c.Name {
			return o, nil
		}
	}
	return o, errors.Join(p.out.Err(), os.ErrProcessDone)
}

// tail keeps the first lines that a process wrote to its standard error: those that say what it died of.
type tail struct{ bytes.Buffer }

func (t *tail) Write(b []byte) (int, error) {
	if t.Len() < 1<<12 {
		t.Buffer.Write(b)
	}
	return len(b), nil
}

func (t *tail) cause(err error) string {
	for line := range strings.Lines(t.String()) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return err.Error()
}
