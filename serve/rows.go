package serve

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unsafe"

	"github.com/elbo-ml/elbo/tensor"
)

// rows is a batch of numbers in JSON: one array per row, nested as deep as the sender likes ([[[0,1],[1,0]]] is one
// row of 2x2). Only the outermost length and the count of numbers matter; every row must hold as many.
type rows struct {
	data  []float32
	n     int // rows
	width int // numbers a row
}

// UnmarshalJSON reads an array of rows.
func (r *rows) UnmarshalJSON(b []byte) error { return r.scan(b, false) }

// scan reads the numbers in one pass, without building the tree of arrays; flat allows them outside of rows. It is given
// valid JSON: json.Unmarshal checks before it calls.
func (r *rows) scan(b []byte, flat bool) error {
	*r = rows{}
	if len(b) == 0 || b[0] != '[' {
		return errors.New("an array of rows is wanted, such as [[0, 1, ...], ...]")
	}
	r.data = make([]float32, 0, bytes.Count(b, []byte(","))+1)
	depth, before := 0, 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case ',', ' ', '\t', '\n', '\r':
		case '[':
			if depth++; depth > maxNesting {
				return fmt.Errorf("arrays are nested deeper than %d", maxNesting)
			}
		case ']':
			if depth--; depth == 1 && !flat {
				if err := r.endRow(len(r.data) - before); err != nil {
					return err
				}
				before = len(r.data)
			}
		default:
			end := i + 1
			for end < len(b) && isNumeric(b[end]) {
				end++
			}
			if c != '-' && (c < '0' || c > '9') {
				return fmt.Errorf("row %d holds %s where a number is wanted", r.n, what(c))
			}
			if depth == 1 && !flat {
				return errors.New("numbers stand outside of a row: send an array of rows, such as [[0, 1, ...]]")
			}
			v, err := number(b[i:end])
			if err != nil {
				return fmt.Errorf("row %d: %w", r.n, err)
			}
			r.data = append(r.data, v)
			i = end - 1
		}
	}
	return nil
}

// number is a JSON number as float32.
func number(b []byte) (float32, error) {
	if len(b) == 1 && b[0] != '-' { // black and white pixels, mostly
		return float32(b[0] - '0'), nil
	}
	v, err := strconv.ParseFloat(unsafe.String(&b[0], len(b)), 32)
	if err != nil || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%s is not a float32", bytes.Clone(b[:min(len(b), 40)]))
	}
	return float32(v), nil
}

func isNumeric(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}

// what names the JSON value that begins with c and is no number.
func what(c byte) string {
	switch c {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case 'n':
		return "null"
	}
	return "a truth value"
}

const maxNesting = 8

func (r *rows) endRow(width int) error {
	if r.n > 0 && width != r.width {
		return fmt.Errorf("row %d has %d numbers, row 0 has %d", r.n, width, r.width)
	}
	r.n++
	r.width = width
	return nil
}

// tensor gives the rows the shape [n, row...], if they have the right number of numbers.
func (r *rows) tensor(name string, maxBatch int, row []int) (*tensor.Tensor, error) {
	if r == nil || r.n == 0 {
		return nil, badRequest(fmt.Errorf(`%q is missing or empty: send {%q: [[...], ...]}, one array of %d numbers a row`, name, name, tensor.Shape(row).Size()))
	}
	if err := checkBatch(r.n, maxBatch); err != nil {
		return nil, err
	}
	if want := tensor.Shape(row).Size(); r.width != want {
		return nil, badRequest(fmt.Errorf("%q has rows of %d numbers; this model takes %d, for the shape %v", name, r.width, want, tensor.Shape(row)))
	}
	return tensor.Wrap(r.data, append([]int{r.n}, row...)...)
}

func checkBatch(n, limit int) error {
	if n > limit {
		return statusError{413, fmt.Errorf("%d rows in one request; this server takes at most %d", n, limit)}
	}
	return nil
}

// nested is the tensor [n, ...] as n arrays of numbers, the row flattened.
func nested(t *tensor.Tensor) [][]float32 {
	n := t.Shape()[0]
	all := tensor.Data[float32](t)
	out := make([][]float32, n)
	for i := range out {
		w := len(all) / n
		out[i] = all[i*w : (i+1)*w]
	}
	return out
}
