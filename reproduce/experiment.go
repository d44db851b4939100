// Package reproduce is the frame of the experiments that reproduce the thesis's tables and figures: units of work that
// are computed once and kept, a budget of time, orderings that must hold, and a report with our numbers beside the
// paper's. The experiments are the packages below it; `elbo reproduce NAME` runs one.
package reproduce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
)

// Sentinel errors for what callers branch on.
var (
	// ErrNotHeld: the experiment ran, and something that must hold does not; the report says what.
	ErrNotHeld = errors.New("does not hold")
	// ErrOptions: options that no run can have.
	ErrOptions = errors.New("wrong options")
	// ErrFolder: the folder holds another run.
	ErrFolder = errors.New("the folder holds another run")
)

// Experiment reproduces a chapter: the tables and figures of a paper.
type Experiment struct {
	// Name is what the command line calls it, Title what its report is headed, Source the paper with the tables and
	// figures that are reproduced.
	Name, Title, Source string
	// Seeds is how many seeds a full run takes when Options leave it open; 0 is 1.
	Seeds int
	// Run does the work. It stops with an error that wraps ctx.Err() when ctx is cancelled; what its cells have computed
	// by then is kept.
	Run func(ctx context.Context, l *Lab) error
	// Parts are what an experiment is made of, in the order of its report. Where they are rows of one table the experiment has
	// a Run, which asks Lab.Chosen what to compute, and they have none.
	Parts []Part
}

// Options say how an experiment is run. The zero value is a full run with the experiment's own seeds in three hours.
type Options struct {
	// Quick asks for the run of a few minutes that shows the orderings, Seeds for so many seeds (0: the experiment's).
	Quick bool
	Seeds int
	// Parts are the names of the parts to compute; none means all. Of the others, the report has those that earlier runs in
	// the folder have computed.
	Parts []string
	// Budget is the time that a full run may take, all its parts since the first start together; 0 is 3 hours.
	Budget time.Duration
	// Out is the folder for the report and the results of the parts. A run that was stopped goes on in it.
	Out string
	// Data is the folder that holds mnist/, freyface/ and so on.
	Data string
	// Engine runs the models; nil is the native engine. Threads is 0 for one a core.
	Engine  runtime.Engine
	Threads int
	// Command is the command line that the report tells, Log where progress goes; nil is nowhere.
	Command string
	Log     io.Writer
}

// Run runs the experiment and writes report.md, with its figures as PNG and SVG, to the folder. It gives the path of the
// report, which is also written when something that must hold does not: the error then wraps ErrNotHeld.
func Run(ctx context.Context, e Experiment, o Options) (string, error) {
	if o.Seeds < 0 || o.Budget < 0 || o.Threads < 0 {
		return "", fmt.Errorf("reproduce: seeds %d, budget %v and threads %d must not be negative: %w", o.Seeds, o.Budget, o.Threads, ErrOptions)
	}
	if o.Out == "" {
		return "", fmt.Errorf("reproduce: there is no folder for the report: %w", ErrOptions)
	}
	if err := e.check(o.Parts); err != nil {
		return "", fmt.Errorf("reproduce: %w", err)
	}
	if o.Seeds == 0 {
		if o.Seeds = max(e.Seeds, 1); o.Quick {
			o.Seeds = 1
		}
	}
	if o.Budget == 0 {
		o.Budget = 3 * time.Hour
	}
	if o.Engine == nil {
		o.Engine = native.New()
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	l, err := open(e, o)
	if err != nil {
		return "", fmt.Errorf("reproduce: %w", err)
	}
	defer l.close()
	err = e.run(ctx, l)
	if kept := l.tally(); err == nil {
		err = kept
	}
	if err != nil {
		return "", fmt.Errorf("reproduce: %s: %w", e.Name, err)
	}
	path := filepath.Join(o.Out, "report.md")
	if err := os.WriteFile(path, []byte(l.report()), 0o666); err != nil {
		return "", fmt.Errorf("reproduce: %w", err)
	}
	if failed := l.failed(); len(failed) > 0 {
		return path, fmt.Errorf("reproduce: %s: %s: %w", e.Name, strings.Join(failed, "; "), ErrNotHeld)
	}
	return path, nil
}
