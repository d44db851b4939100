package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Dim is one extent of a shape: a number, a symbol such as "batch", or an expression over symbols such as "4*batch+1".
//
// A Dim is a polynomial with integer coefficients over atoms (symbols and floor divisions), kept sorted, so that two
// extents that are always the same number compare as the same text. The zero Dim is the number 0.
type Dim struct {
	terms []term // sorted by key; no zero coefficients
	c     int
}

type term struct {
	coef  int
	atoms []string // sorted; a repeated atom is a power
}

func (t term) key() string { return strings.Join(t.atoms, "*") }

// N is the extent n.
func N(n int) Dim { return Dim{c: n} }

// Sym is the symbolic extent called name. ONNX calls it dim_param.
func Sym(name string) Dim { return Dim{terms: []term{{1, []string{name}}}} }

// Known returns the number, if the extent is one.
func (d Dim) Known() (int, bool) { return d.c, len(d.terms) == 0 }

// Is reports whether the extent is the number n.
func (d Dim) Is(n int) bool { return len(d.terms) == 0 && d.c == n }

// Equal reports whether both extents are the same expression. Two that differ as expressions may still turn out equal at run time.
func (d Dim) Equal(e Dim) bool { return d.c == e.c && slices.EqualFunc(d.terms, e.terms, sameTerm) }

func sameTerm(a, b term) bool { return a.coef == b.coef && slices.Equal(a.atoms, b.atoms) }

// Add is d + e.
func (d Dim) Add(e Dim) Dim {
	return normal(d.c+e.c, append(slices.Clone(d.terms), e.terms...))
}

// Sub is d - e.
func (d Dim) Sub(e Dim) Dim { return d.Add(e.Mul(N(-1))) }

// Mul is d * e.
func (d Dim) Mul(e Dim) Dim {
	var terms []term
	for _, t := range d.terms {
		if e.c != 0 {
			terms = append(terms, term{t.coef * e.c, t.atoms})
		}
		for _, u := range e.terms {
			terms = append(terms, term{t.coef * u.coef, sorted(append(slices.Clone(t.atoms), u.atoms...))})
		}
	}
	for _, u := range e.terms {
		if d.c != 0 {
			terms = append(terms, term{u.coef * d.c, u.atoms})
		}
	}
	return normal(d.c*e.c, terms)
}

// Div is floor(d / e). It divides exactly where every term allows it and otherwise names the quotient as a new atom.
// Division by the number zero gives a Dim no tensor can have.
func (d Dim) Div(e Dim) Dim {
	if n, ok := e.Known(); ok {
		switch {
		case n == 1:
			return d
		case n == 0:
			return Sym("undefined")
		}
		if c, ok := d.Known(); ok {
			return N(floorDiv(c, n))
		}
		if q, ok := d.divideTerms(n); ok {
			return q
		}
	} else if d.Equal(e) {
		return N(1)
	} else if q, ok := d.divideMonomial(e); ok {
		return q
	}
	return atom("floor((" + d.String() + ")/(" + e.String() + "))")
}

// maxAtom and maxTerms bound what an expression may grow to: a file could nest divisions until no memory is left.
const maxAtom, maxTerms = 200, 64

// atom is the symbol called name; a name that is too long is replaced by its hash, so that equal ones stay equal.
func atom(name string) Dim {
	if len(name) > maxAtom {
		sum := sha256.Sum256([]byte(name))
		name = "dim_" + hex.EncodeToString(sum[:12])
	}
	return Sym(name)
}

// divideTerms divides by n when n divides every coefficient; the constant may leave a remainder, which floor drops.
func (d Dim) divideTerms(n int) (Dim, bool) {
	terms := slices.Clone(d.terms)
	for i, t := range terms {
		if t.coef%n != 0 {
			return Dim{}, false
		}
		terms[i] = term{t.coef / n, t.atoms}
	}
	return normal(floorDiv(d.c, n), terms), true
}

// divideMonomial divides by an e of one term when that term divides every term of d.
func (d Dim) divideMonomial(e Dim) (Dim, bool) {
	if len(e.terms) != 1 || e.c != 0 || d.c != 0 {
		return Dim{}, false
	}
	by := e.terms[0]
	var terms []term
	c := 0
	for _, t := range d.terms {
		atoms, ok := without(t.atoms, by.atoms)
		if !ok || t.coef%by.coef != 0 {
			return Dim{}, false
		}
		if len(atoms) == 0 {
			c += t.coef / by.coef
			continue
		}
		terms = append(terms, term{t.coef / by.coef, atoms})
	}
	return normal(c, terms), true
}

func without(atoms, remove []string) ([]string, bool) {
	rest := slices.Clone(atoms)
	for _, a := range remove {
		i := slices.Index(rest, a)
		if i < 0 {
			return nil, false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return rest, true
}

func normal(c int, terms []term) Dim {
	slices.SortStableFunc(terms, func(a, b term) int { return strings.Compare(a.key(), b.key()) })
	out := terms[:0:0]
	for _, t := range terms {
		if n := len(out); n > 0 && slices.Equal(out[n-1].atoms, t.atoms) {
			out[n-1].coef += t.coef
			continue
		}
		out = append(out, t)
	}
	out = slices.DeleteFunc(out, func(t term) bool { return t.coef == 0 })
	d := Dim{c: c, terms: out}
	degree := 0
	for _, t := range out {
		degree = max(degree, len(t.atoms))
	}
	if len(out) > maxTerms || degree > maxTerms {
		return atom(d.String())
	}
	return d
}

func sorted(s []string) []string { slices.Sort(s); return s }

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func (d Dim) String() string {
	if len(d.terms) == 0 {
		return strconv.Itoa(d.c)
	}
	var b strings.Builder
	for i, t := range d.terms {
		switch {
		case t.coef < 0:
			b.WriteByte('-')
		case i > 0:
			b.WriteByte('+')
		}
		if n := max(t.coef, -t.coef); n != 1 {
			fmt.Fprintf(&b, "%d*", n)
		}
		b.WriteString(t.key())
	}
	if d.c != 0 {
		fmt.Fprintf(&b, "%+d", d.c)
	}
	return b.String()
}

// Shape is a shape whose extents may be symbolic. A nil Shape is of unknown rank; an empty one is a scalar.
type Shape []Dim

// Dims makes a Shape of ints and strings (symbols); any other type is a bug in the caller and panics.
func Dims(dims ...any) Shape {
	s := make(Shape, len(dims))
	for i, d := range dims {
		switch d := d.(type) {
		case int:
			s[i] = N(d)
		case string:
			s[i] = Sym(d)
		case Dim:
			s[i] = d
		default:
			panic(fmt.Sprintf("graph: a dimension is an int, a string or a Dim, not %T", d))
		}
	}
	return s
}

// Equal reports whether both shapes have the same rank and the same extents as expressions.
func (s Shape) Equal(t Shape) bool {
	return (s == nil) == (t == nil) && slices.EqualFunc(s, t, Dim.Equal)
}

// Known returns the shape as numbers, if every extent is one.
func (s Shape) Known() ([]int, bool) {
	if s == nil {
		return nil, false
	}
	out := make([]int, len(s))
	for i, d := range s {
		n, ok := d.Known()
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// Size is the product of the extents.
func (s Shape) Size() Dim {
	n := N(1)
	for _, d := range s {
		n = n.Mul(d)
	}
	return n
}

// String writes the shape as [batch,784], and an unknown one as [?].
func (s Shape) String() string {
	if s == nil {
		return "[?]"
	}
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = d.String()
	}
	return "[" + strings.Join(parts, ",") + "]"
}
