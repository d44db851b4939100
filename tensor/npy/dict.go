package npy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/tensor"
)

type kind uint8

const (
	absent kind = iota
	quoted
	boolean
	tuple
)

// literal is a value of the header's Python dictionary.
type literal struct {
	kind  kind
	text  string
	truth bool
	ints  tensor.Shape
}

// parseDict reads the Python dictionary of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
// It knows just the literals that such a header may hold, so there is no nesting to bound.
func parseDict(text string) (map[string]literal, error) {
	p := parser{rest: text}
	fields := map[string]literal{}
	if !p.take("{") {
		return nil, p.fail("{")
	}
	for !p.take("}") {
		key, ok := p.quoted()
		if !ok || !p.take(":") {
			return nil, p.fail("'key':")
		}
		if _, twice := fields[key]; twice {
			return nil, fmt.Errorf("npy: header: %q comes twice: %w", key, ErrFormat)
		}
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		fields[key] = value
		if !p.take(",") && !strings.HasPrefix(p.peek(), "}") {
			return nil, p.fail(", or }")
		}
	}
	if p.peek() != "" {
		return nil, p.fail("the end")
	}
	return fields, nil
}

type parser struct{ rest string }

func (p *parser) peek() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n\x00")
	return p.rest
}

func (p *parser) take(token string) bool {
	rest, ok := strings.CutPrefix(p.peek(), token)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *parser) fail(want string) error {
	got := p.peek()
	if len(got) > 20 {
		got = got[:20]
	}
	return fmt.Errorf("npy: header: expected %s at %q: %w", want, got, ErrFormat)
}

func (p *parser) quoted() (string, bool) {
	for _, q := range []string{"'", `"`} {
		if p.take(q) {
			text, rest, ok := strings.Cut(p.rest, q)
			p.rest = rest
			return text, ok
		}
	}
	return "", false
}

func (p *parser) value() (literal, error) {
	switch {
	case p.take("True"):
		return literal{kind: boolean, truth: true}, nil
	case p.take("False"):
		return literal{kind: boolean}, nil
	case p.take("("):
		return p.tuple()
	}
	if strings.HasPrefix(p.peek(), "[") {
		return literal{}, fmt.Errorf("npy: header: a structured array; save one field of it: %w", ErrFormat)
	}
	text, ok := p.quoted()
	if !ok {
		return literal{}, p.fail("a value")
	}
	return literal{kind: quoted, text: text}, nil
}

func (p *parser) tuple() (literal, error) {
	v := literal{kind: tuple, ints: tensor.Shape{}}
	for !p.take(")") {
		digits := p.peek()
		if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			digits = digits[:i]
		}
		d, err := strconv.Atoi(digits)
		if err != nil {
			return v, p.fail("a dimension")
		}
		p.take(digits)
		p.take("L") // Python 2 wrote 3L
		if v.ints = append(v.ints, d); len(v.ints) > maxRank {
			return v, fmt.Errorf("npy: header: more than %d dimensions: %w", maxRank, ErrFormat)
		}
		if !p.take(",") && !strings.HasPrefix(p.peek(), ")") {
			return v, p.fail(", or )")
		}
	}
	return v, nil
}
