package reproduce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Part is a table or a figure of an experiment that can be computed without the others.
type Part struct {
	// Name is what the command line calls it.
	Name string
	// Run does its work and its share of the report.
	Run func(ctx context.Context, l *Lab) error
}

// errNotComputed: a cell of a part that is only to be read has not been computed.
var errNotComputed = errors.New("not computed")

// PartNames are the names of the experiment's parts.
func (e Experiment) PartNames() []string {
	names := make([]string, len(e.Parts))
	for i, p := range e.Parts {
		names[i] = p.Name
	}
	return names
}

// check reports a name that no part has.
func (e Experiment) check(names []string) error {
	for _, name := range names {
		switch known := e.PartNames(); {
		case len(known) == 0:
			return fmt.Errorf("%s is one piece and has no part %q: %w", e.Name, name, ErrOptions)
		case !slices.Contains(known, name):
			return fmt.Errorf("%s has no part %q; it has %s: %w", e.Name, name, strings.Join(known, ", "), ErrOptions)
		}
	}
	return nil
}

// run runs the experiment: whole, or the parts that were chosen, and reads the others where they have been computed.
func (e Experiment) run(ctx context.Context, l *Lab) error {
	if e.Run != nil {
		return e.Run(ctx, l)
	}
	for _, p := range e.Parts {
		before := l.mark()
		l.reading = !l.Chosen(p.Name)
		err := p.Run(ctx, l)
		l.reading = false
		switch {
		case errors.Is(err, errNotComputed):
			l.back(before)
			l.out = append(l.out, p.Name)
		case err != nil:
			return err
		default:
			l.in = append(l.in, p.Name)
		}
	}
	return nil
}

// Chosen reports whether the part of a name is to be computed, and not only read.
func (l *Lab) Chosen(part string) bool { return len(l.Parts) == 0 || slices.Contains(l.Parts, part) }

// mark is how far a report has come.
type mark struct {
	body    string
	held    []expectation
	notes   []string
	sources map[string]string
}

func (l *Lab) mark() mark {
	return mark{l.Report.body.String(), slices.Clone(l.held), slices.Clone(l.notes), maps.Clone(l.sources)}
}

// back takes from the report what was added since.
func (l *Lab) back(to mark) {
	l.Report.body.Reset()
	l.Report.body.WriteString(to.body)
	l.held, l.notes, l.sources = to.held, to.notes, to.sources
}
