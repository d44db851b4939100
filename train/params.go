package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
)

// Params splits parameters into those that are trained and those that one of the patterns freezes. `*` in a pattern
// stands for any characters, `/` among them. A pattern that matches no name, neither of a parameter nor of one of the
// others that may be frozen, is an error that lists the parameters; so is a set of patterns that leaves nothing to train.
func Params(params []*graph.Value, freeze []string, others ...*graph.Value) (trained, frozen []*graph.Value, err error) {
	used := make([]bool, len(freeze))
	for _, p := range params {
		hit := false
		for i, pattern := range freeze {
			if match(pattern, p.Name) {
				hit, used[i] = true, true
			}
		}
		if hit {
			frozen = append(frozen, p)
		} else {
			trained = append(trained, p)
		}
	}
	for i, ok := range used {
		ok = ok || slices.ContainsFunc(others, func(v *graph.Value) bool { return match(freeze[i], v.Name) })
		if !ok {
			return nil, nil, fmt.Errorf("train: freeze: %q matches no parameter; there are %s: %w", freeze[i], names(params), ErrOptions)
		}
	}
	if len(trained) == 0 {
		return nil, nil, fmt.Errorf("train: freeze: all %d parameters are frozen, so there is nothing to train: %w", len(frozen), ErrOptions)
	}
	return trained, frozen, nil
}

// match reports whether the whole of name fits pattern, in which * stands for any characters.
func match(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		part, tail, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], tail
	}
}

func names(params []*graph.Value) string {
	if len(params) == 0 {
		return "none"
	}
	list := make([]string, len(params))
	for i, p := range params {
		list[i] = p.Name
	}
	return strings.Join(list, ", ")
}
