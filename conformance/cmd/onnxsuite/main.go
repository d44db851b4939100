// Command onnxsuite runs ONNX's backend tests, of any release.
//
//	go run ./conformance/cmd/onnxsuite [-engine native|ort|files] [-plain] [-list FILE] DIR
//
// runs every case in the folders beneath DIR (model.onnx beside test_data_set_*) and closes with "N passed, N failed,
// N unsupported". The engine files is ONNX Runtime itself, on every model as its file stands. With -list the exit code is that of the comparison: 1 when a case changed either way.
//
//	go run ./conformance/cmd/onnxsuite -table DIR
//
// takes each folder in DIR for a suite and prints a table: every suite on both engines and on ONNX Runtime itself,
// optimised and not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/elbo-ml/elbo/conformance"
	"github.com/elbo-ml/elbo/runtime"
)

// settings are the command's flags.
type settings struct {
	engine  string
	plain   bool
	list    string
	timeout time.Duration
	worker  bool
	table   bool
}

func main() {
	var s settings
	flag.StringVar(&s.engine, "engine", "native", "native, ort, or files: ONNX Runtime on the models as their files stand")
	flag.BoolVar(&s.plain, "plain", false, "run every node as it stands, without optimisations")
	flag.StringVar(&s.list, "list", "", "the `file` of the cases that are not expected to pass, a line each: name: reason")
	flag.DurationVar(&s.timeout, "timeout", time.Minute, "for one case")
	flag.BoolVar(&s.table, "table", false, "every suite in DIR on both engines, optimised and not")
	flag.BoolVar(&s.worker, "worker", false, "answer for the cases named on the standard input: what the command runs itself as")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "onnxsuite:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) error {
	if s.worker {
		suite, err := conformance.OpenSuite(s.engine, s.plain)
		if err != nil {
			return err
		}
		return suite.Work(ctx, os.Stdin, os.Stdout)
	}
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if s.table {
		return s.tables(ctx, flag.Arg(0))
	}
	outcomes, err := s.outcomes(ctx, flag.Arg(0))
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.Verdict != conformance.Passed {
			fmt.Printf("%s %s: %s\n", [...]string{conformance.Failed: "FAIL", conformance.Skipped: "unsupported"}[o.Verdict], o.Case, o.Reason)
		}
	}
	t := count(outcomes)
	changes, err := s.changes(outcomes)
	if err != nil {
		return err
	}
	for _, line := range changes {
		fmt.Println("changed:", line)
	}
	fmt.Printf("%d passed, %d failed, %d unsupported\n", t.passed, t.failed, t.unsupported)
	if len(changes) > 0 || s.list == "" && t.failed > 0 {
		return errors.New("not as expected")
	}
	return nil
}

func (s settings) changes(outcomes []conformance.Outcome) ([]string, error) {
	if s.list == "" {
		return nil, nil
	}
	list, err := conformance.ReadList(s.list)
	return list.Changes(outcomes), err
}

// outcomes runs the cases beneath dir in processes of their own.
func (s settings) outcomes(ctx context.Context, dir string) ([]conformance.Outcome, error) {
	if _, err := conformance.OpenSuite(s.engine, s.plain); err != nil {
		return nil, err // rather than every process by itself
	}
	cases, err := conformance.Cases(dir)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := &conformance.Workers{Timeout: s.timeout, Command: []string{self, "-worker", "-engine", s.engine, fmt.Sprintf("-plain=%t", s.plain)}}
	defer w.Close()
	var list []conformance.Outcome
	for _, c := range cases {
		o, err := w.Run(ctx, c)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

type total struct{ passed, whole, failed, unsupported int }

func count(outcomes []conformance.Outcome) (t total) {
	for _, o := range outcomes {
		switch o.Verdict {
		case conformance.Passed:
			t.passed++
			if o.Reason != "" {
				t.whole++
			}
		case conformance.Failed:
			t.failed++
		case conformance.Skipped:
			t.unsupported++
		}
	}
	return t
}

// tables prints the table of all suites.
func (s settings) tables(ctx context.Context, dir string) error {
	suites, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		return err
	}
	fmt.Print("| suite | engine | optimised | passed | of these from the file as it stands | failed | unsupported |\n|---|---|---|---|---|---|---|\n")
	seen, failed := map[string]bool{}, 0
	for _, path := range suites {
		suite := filepath.Dir(path)
		if seen[suite] {
			continue
		}
		seen[suite] = true
		for _, s.engine = range []string{"native", "ort", "files"} {
			for _, s.plain = range []bool{false, true} {
				outcomes, err := s.outcomes(ctx, suite)
				if errors.Is(err, runtime.ErrUnavailable) {
					fmt.Printf("| %s | %s | | %v | | | |\n", filepath.Base(suite), s.engine, err)
					break
				}
				if err != nil {
					return err
				}
				t := count(outcomes)
				failed += t.failed
				fmt.Printf("| %s | %s | %s | %d | %d | %d | %d |\n", filepath.Base(suite), s.engine,
					map[bool]string{true: "no", false: "yes"}[s.plain], t.passed, t.whole, t.failed, t.unsupported)
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d failed", failed)
	}
	return nil
}
