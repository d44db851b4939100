package graph

import (
	"testing"

	"pgregory.net/rapid"
)

// dimTree draws an expression and the function that evaluates it, so that both can be compared.
func dimTree(t *rapid.T, depth int) (Dim, func(map[string]int) int) {
	if depth == 0 || rapid.Bool().Draw(t, "leaf") {
		if rapid.Bool().Draw(t, "symbol") {
			name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
			return Sym(name), func(at map[string]int) int { return at[name] }
		}
		n := rapid.IntRange(-4, 9).Draw(t, "n")
		return N(n), func(map[string]int) int { return n }
	}
	x, fx := dimTree(t, depth-1)
	y, fy := dimTree(t, depth-1)
	switch rapid.SampledFrom([]string{"+", "-", "*"}).Draw(t, "op") {
	case "+":
		return x.Add(y), func(at map[string]int) int { return fx(at) + fy(at) }
	case "-":
		return x.Sub(y), func(at map[string]int) int { return fx(at) - fy(at) }
	}
	return x.Mul(y), func(at map[string]int) int { return fx(at) * fy(at) }
}

func (d Dim) eval(at map[string]int) int {
	sum := d.c
	for _, t := range d.terms {
		p := t.coef
		for _, a := range t.atoms {
			p *= at[a]
		}
		sum += p
	}
	return sum
}

func drawPoint(t *rapid.T) map[string]int {
	at := map[string]int{}
	for _, name := range []string{"a", "b", "c"} {
		at[name] = rapid.IntRange(0, 7).Draw(t, name)
	}
	return at
}

// A Dim is worth what the expression it was made from is worth.
func TestDimArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, f := dimTree(t, 4)
		at := drawPoint(t)
		if got, want := d.eval(at), f(at); got != want {
			t.Fatalf("%v is %d at %v, want %d", d, got, at, want)
		}
	})
}

// Equal expressions have one text, whatever the order they were made in.
func TestDimHasOneForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, _ := dimTree(t, 3)
		y, _ := dimTree(t, 3)
		z, _ := dimTree(t, 2)
		left, right := x.Add(y).Mul(z), z.Mul(y).Add(z.Mul(x))
		if !left.Equal(right) || left.String() != right.String() {
			t.Fatalf("(x+y)z = %v, zy+zx = %v", left, right)
		}
	})
}

// Where the quotient is not a new atom, it is the floor of the division.
func TestDimDivision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, _ := dimTree(t, 3)
		n := rapid.SampledFrom([]int{1, 2, 3, 4, -2}).Draw(t, "by")
		q := x.Div(N(n))
		for _, term := range q.terms {
			for _, a := range term.atoms {
				if len(a) > 1 {
					return // floor(...) stayed an atom
				}
			}
		}
		at := drawPoint(t)
		if got, want := q.eval(at), floorDiv(x.eval(at), n); got != want {
			t.Fatalf("(%v)/%d = %v is %d at %v, want %d", x, n, q, got, at, want)
		}
	})
}

func TestDimDivisionByAnExtent(t *testing.T) {
	rows := []struct{ x, by, want Dim }{
		{Sym("n").Mul(Sym("h")).Mul(N(6)), Sym("n").Mul(N(2)), Sym("h").Mul(N(3))},
		{Sym("n"), Sym("n"), N(1)},
		{N(0), Sym("n"), N(0)},
		{Sym("n").Add(N(1)), Sym("n"), Sym("floor((n+1)/(n))")},
	}
	for _, r := range rows {
		if got := r.x.Div(r.by); !got.Equal(r.want) {
			t.Errorf("(%v)/(%v) = %v, want %v", r.x, r.by, got, r.want)
		}
	}
}

// Broadcasting extents as symbols and then choosing numbers gives what broadcasting the numbers gives.
func TestBroadcastAgreesWithNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rank := rapid.IntRange(0, 3).Draw(t, "rank")
		full := make([]int, rank)
		for i := range full {
			full[i] = rapid.IntRange(1, 4).Draw(t, "extent")
		}
		operand := func() (numbers, symbols Shape) {
			drop := rapid.IntRange(0, rank).Draw(t, "drop")
			for i := drop; i < rank; i++ {
				n := full[i]
				if rapid.Bool().Draw(t, "one") {
					n = 1
				}
				numbers = append(numbers, N(n))
				if rapid.Bool().Draw(t, "open") {
					symbols = append(symbols, Sym("s"+string(rune('0'+n))))
				} else {
					symbols = append(symbols, N(n))
				}
			}
			return numbers, symbols
		}
		a, sa := operand()
		b, sb := operand()
		want, err := Broadcast(a, b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Broadcast(sa, sb)
		if err != nil {
			t.Fatalf("%v and %v: %v, but %v and %v broadcast", sa, sb, err, a, b)
		}
		if len(got) != len(want) {
			t.Fatalf("%v and %v give %v, want rank %d", sa, sb, got, len(want))
		}
		for i, d := range got {
			if n, ok := d.Known(); ok && !want[i].Is(n) {
				t.Fatalf("%v and %v give %v, want %v", sa, sb, got, want)
			}
		}
	})
}
