package reproduce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// Parts are computed one by one in one folder: each report has what has been computed by then, in the experiment's order, and
// says what it lacks.
func TestPartByPart(t *testing.T) {
	computed := map[string]int{}
	part := func(name string, cells ...string) Part {
		return Part{name, func(ctx context.Context, l *Lab) error {
			l.Report.Heading("Part %s", name)
			l.Expect(true, "%s holds", name)
			l.Note("Of %s.", name)
			for _, c := range cells {
				if _, err := Cell(ctx, l, c, func(context.Context, string) (int, error) { computed[c]++; return 1, nil }); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		}}
	}
	e := Experiment{Name: "toy", Parts: []Part{part("one", "a", "b"), part("two", "b", "c"), part("three", "d")}}
	dir := t.TempDir()
	for _, step := range []struct {
		parts    []string
		has, not string
	}{
		{[]string{"two"}, "Part two", "Part one,Part three,one holds,Of one"},
		{[]string{"three"}, "Part two,Part three,two holds,Of three", "Part one"},
		{[]string{"one", "two"}, "Part one,Part two,Part three", "lacks"},
		{nil, "Part one,Part two,Part three", "lacks"},
	} {
		path, err := Run(t.Context(), e, Options{Out: dir, Parts: step.parts})
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		last := -1
		for _, want := range strings.Split(step.has, ",") {
			if at := strings.Index(string(b), want); at < 0 || strings.HasPrefix(want, "Part") && at < last {
				t.Errorf("%v: the report lacks %q, or has it out of order:\n%s", step.parts, want, b)
			} else {
				last = at
			}
		}
		for _, no := range strings.Split(step.not, ",") {
			if strings.Contains(string(b), no) {
				t.Errorf("%v: the report has %q:\n%s", step.parts, no, b)
			}
		}
		if len(step.parts) == 1 && step.parts[0] == "two" && !strings.Contains(string(b), "It has the parts two, and lacks one, three.") {
			t.Errorf("%s", b)
		}
	}
	for cell, n := range computed {
		if n != 1 {
			t.Errorf("the cell %s was computed %d times", cell, n)
		}
	}
	if len(computed) != 4 {
		t.Errorf("computed %v", computed)
	}
}

func TestPartsThatAreNot(t *testing.T) {
	run := func(context.Context, *Lab) error { return nil }
	for tells, e := range map[string]Experiment{
		"it has one, two": {Name: "toy", Parts: []Part{{"one", run}, {"two", run}}},
		"is one piece":    {Name: "toy", Run: run},
	} {
		if _, err := Run(t.Context(), e, Options{Out: t.TempDir(), Parts: []string{"three"}}); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), tells) {
			t.Errorf("%v, want %q", err, tells)
		}
	}
}

// What a part breaks is the run's error, whether it was chosen or is read.
func TestPartThatFails(t *testing.T) {
	broken := errors.New("broken")
	e := Experiment{Name: "toy", Parts: []Part{{"one", func(context.Context, *Lab) error { return broken }}, {"two", func(context.Context, *Lab) error { return nil }}}}
	if _, err := Run(t.Context(), e, Options{Out: t.TempDir(), Parts: []string{"two"}}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
