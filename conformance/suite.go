package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
)

// Suite runs ONNX's backend tests on one engine.
type Suite struct {
	engine runtime.Engine
	// file runs a model that elbo's graph cannot hold as its bytes stand; nil on the native engine.
	file runtime.ModelCompiler
	// files runs all models so.
	files bool
}

// OpenSuite opens the engine: native, ort, or files, which is ONNX Runtime on every model as its file stands, without
// elbo's graph. Plain runs every node as it stands; otherwise graphs are optimised.
func OpenSuite(engine string, plain bool) (*Suite, error) {
	switch {
	case engine == "native" && plain:
		return &Suite{engine: native.Plain()}, nil
	case engine == "native":
		return &Suite{engine: native.New()}, nil
	case engine == "ort" || engine == "files":
		e, err := ort.Open(ort.Config{Plain: plain})
		if err != nil {
			return nil, err
		}
		return &Suite{engine: e, file: e.(runtime.ModelCompiler), files: engine == "files"}, nil
	}
	return nil, fmt.Errorf("conformance: engine %q: want native, ort or files", engine)
}

// Outcome is what came of one case: Passed, Failed, or Skipped where the engine does not support the model.
type Outcome struct {
	Case    string  `json:"case"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason,omitempty"`
}

// Run runs one case. A panic is a failure like any other.
//
// ONNX Runtime runs elbo's graph of the model. A model that elbo's graph cannot hold runs there as its file stands; and
// one that ONNX Runtime does not run right from its file either is not supported, whatever the graph does.
func (s *Suite) Run(ctx context.Context, c Case) Outcome {
	if s.files {
		return s.whole(ctx, c)
	}
	differences, err := s.attempt(func() ([]Difference, error) { return c.Run(ctx, s.engine, BackendTolerances) })
	o := outcome(c, differences, err)
	if s.file == nil || o.Verdict == Passed {
		return o
	}
	if whole := s.whole(ctx, c); whole.Verdict != Passed || o.Verdict == Skipped {
		return whole
	}
	return o
}

// whole runs the case's file as it stands on ONNX Runtime. Only a refusal of ONNX Runtime's own makes the case one that is
// not supported: what elbo does not hand over to it is a failure.
func (s *Suite) whole(ctx context.Context, c Case) Outcome {
	differences, err := s.attempt(func() ([]Difference, error) { return c.RunFile(ctx, s.file, BackendTolerances) })
	var refusal ort.Refusal
	switch {
	case errors.As(err, &refusal):
		return Outcome{c.Name, Skipped, "ONNX Runtime: " + reason(err)}
	case err != nil:
		return Outcome{c.Name, Failed, "as the file stands: " + reason(err)}
	case len(differences) > 0:
		return Outcome{c.Name, Skipped, fmt.Sprintf("ONNX Runtime gives other numbers: %v", differences[0])}
	}
	return Outcome{c.Name, Passed, "as the file stands"}
}

func (*Suite) attempt(run func() ([]Difference, error)) (d []Difference, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return run()
}

func outcome(c Case, differences []Difference, err error) Outcome {
	switch {
	case errors.Is(err, graph.ErrUnsupported):
		return Outcome{c.Name, Skipped, reason(err)}
	case err != nil:
		return Outcome{c.Name, Failed, reason(err)}
	case len(differences) > 0:
		return Outcome{c.Name, Failed, fmt.Sprint(differences)}
	}
	return Outcome{Case: c.Name}
}

var (
	paths = regexp.MustCompile(`(importer|native|graph|ort): |(load|compile|run) \S+: |provider cpu: |\d+ unsupported operators?: |: unsupported|\(node "[^"]*"\)`)
	nodes = regexp.MustCompile(`\(node "[^"]*", `)
)

// reason is an error about what lacks, in one line and without where it was met.
func reason(err error) string {
	s := strings.Join(strings.Fields(nodes.ReplaceAllString(paths.ReplaceAllString(err.Error(), ""), "(")), " ")
	if len(s) > 160 {
		s = s[:160] + "..."
	}
	return s
}

// List is the cases of a suite that do not pass on an engine and why, by name. The reason of one that fails, where others
// are not supported, begins with "failed: ".
type List map[string]string

const failed = "failed: "

// ReadList reads a list: a line for each case, "name: reason".
func ReadList(path string) (List, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("conformance: %w", err)
	}
	return parseList(path, b)
}

func parseList(path string, text []byte) (List, error) {
	l := List{}
	for line := range strings.Lines(string(text)) {
		name, why, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			return nil, fmt.Errorf("conformance: %s: %q gives no reason", path, line)
		}
		l[name] = why
	}
	return l, nil
}

// Changes are the cases that came out otherwise than the list says, a line each: those that fail or are not supported and
// not listed so, and listed ones that pass or are gone.
func (l List) Changes(outcomes []Outcome) []string {
	var lines []string
	seen := map[string]bool{}
	for _, o := range outcomes {
		seen[o.Case] = true
		why, listed := l[o.Case]
		switch {
		case o.Verdict == Failed && !strings.HasPrefix(why, failed):
			lines = append(lines, fmt.Sprintf("%s fails: %s", o.Case, o.Reason))
		case o.Verdict == Skipped && (!listed || strings.HasPrefix(why, failed)):
			lines = append(lines, fmt.Sprintf("%s is not supported: %s", o.Case, o.Reason))
		case o.Verdict == Passed && listed:
			lines = append(lines, fmt.Sprintf("%s passes: take it from the list", o.Case))
		}
	}
	for name := range l {
		if !seen[name] {
			lines = append(lines, fmt.Sprintf("%s is listed and not in the suite", name))
		}
	}
	slices.Sort(lines)
	return lines
}

// WriteList writes the list that the outcomes make.
func WriteList(w io.Writer, outcomes []Outcome) error {
	for _, o := range outcomes {
		if o.Verdict == Passed {
			continue
		}
		why := o.Reason
		if o.Verdict == Failed {
			why = failed + why
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", o.Case, why); err != nil {
			return err
		}
	}
	return nil
}
