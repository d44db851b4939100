package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
)

// Verdict is what came of one fixture.
type Verdict int

// The verdicts.
const (
	Passed Verdict = iota
	Failed
	// Skipped is a model out of scope: it has operators that elbo does not have, or draws random numbers of which the
	// fixture does not hold the values.
	Skipped
)

// Result is a fixture's verdict and why.
type Result struct {
	Fixture string
	Verdict Verdict
	Reasons []string
}

// Check runs one fixture: its outputs, and the gradients where grads is set and the fixture keeps its parameters
// (variant trainable).
func (f *Fixture) Check(ctx context.Context, e runtime.Engine, grads bool, tol Tolerances) Result {
	r := Result{Fixture: f.Name}
	if ops := f.Untold(); len(ops) > 0 {
		r.Verdict, r.Reasons = Skipped, []string{"draws numbers that are not recorded: " + strings.Join(ops, ", ")}
		return r
	}
	differences, err := f.Outputs(ctx, e, tol)
	r.take("outputs", differences, err)
	if grads && f.Meta.Variant == "trainable" && r.Verdict != Skipped {
		differences, err = f.Gradients(ctx, e, tol)
		r.take("gradients", differences, err)
	}
	return r
}

func (r *Result) take(what string, differences []Difference, err error) {
	var lacks *importer.UnsupportedError
	switch {
	case errors.As(err, &lacks):
		r.Verdict, r.Reasons = Skipped, []string{"unsupported: " + strings.Join(operators(lacks), ", ")}
		return
	case err != nil:
		r.Verdict = Failed
		r.Reasons = append(r.Reasons, what+": "+err.Error())
		return
	}
	slices.SortStableFunc(differences, func(a, b Difference) int { return cmp.Compare(b.Largest, a.Largest) })
	for i, d := range differences {
		r.Verdict = Failed
		if i == 3 {
			r.Reasons = append(r.Reasons, fmt.Sprintf("and %d more", len(differences)-i))
			break
		}
		r.Reasons = append(r.Reasons, d.String())
	}
}

// operators are the names of what a model lacks, each once.
func operators(e *importer.UnsupportedError) []string {
	var ops []string
	for _, u := range e.Operators {
		name := u.Op
		if u.Domain != "" {
			name = u.Domain + "::" + name
		}
		if u.Reason != "" {
			name += " (" + u.Reason + ")"
		}
		if !slices.Contains(ops, name) {
			ops = append(ops, name)
		}
	}
	slices.Sort(ops)
	return ops
}

// Summary counts verdicts.
type Summary struct{ Passed, Failed, Skipped int }

func (s *Summary) count(v Verdict) {
	switch v {
	case Passed:
		s.Passed++
	case Failed:
		s.Failed++
	case Skipped:
		s.Skipped++
	}
}

func (s Summary) String() string {
	line := fmt.Sprintf("%d passed, %d failed", s.Passed, s.Failed)
	if s.Skipped > 0 {
		line += fmt.Sprintf(", %d skipped", s.Skipped)
	}
	return line
}

// CheckAll checks every fixture in a folder and writes a line for each one that failed or was skipped, and at the end
// the summary.
func CheckAll(ctx context.Context, root string, e runtime.Engine, grads bool, tol Tolerances, w io.Writer) (Summary, error) {
	var s Summary
	fixtures, err := Fixtures(root)
	if err != nil {
		return s, err
	}
	for _, f := range fixtures {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		r := f.Check(ctx, e, grads, tol)
		s.count(r.Verdict)
		switch r.Verdict {
		case Failed:
			fmt.Fprintf(w, "FAIL %s: %s\n", r.Fixture, strings.Join(r.Reasons, "; "))
		case Skipped:
			fmt.Fprintf(w, "skip %s: %s\n", r.Fixture, strings.Join(r.Reasons, "; "))
		}
	}
	fmt.Fprintln(w, s)
	return s, nil
}
