package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/elbo-ml/elbo/tensor"
)

// rows is a batch of numbers in JSON: one array per row, nested as deep as the sender likes ([[[0,1],[1,0]]] is one
// row of 2x2). Only the outermost length and the count of numbers matter; every row must hold as many.
type rows struct {
	data  []float32
	n     int // rows
	width int // numbers a row
}

// UnmarshalJSON reads the numbers in one pass, without building the tree of arrays.
func (r *rows) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	if tok != json.Delim('[') {
		return errors.New("an array of rows is wanted, such as [[0, 1, ...], ...]")
	}
	*r = rows{}
	depth, before := 1, 0
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case json.Delim:
			switch t {
			case '[':
				if depth++; depth > maxNesting {
					return fmt.Errorf("arrays are nested deeper than %d", maxNesting)
				}
			case ']':
				if depth--; depth == 1 {
					if err := r.endRow(len(r.data) - before); err != nil {
						return err
					}
					before = len(r.data)
				}
			default:
				return fmt.Errorf("row %d holds an object where a number is wanted", r.n)
			}
		case json.Number:
			if depth == 1 {
				return errors.New("numbers stand outside of a row: send an array of rows, such as [[0, 1, ...]]")
			}
			v, err := strconv.ParseFloat(string(t), 32)
			if err != nil || math.IsInf(v, 0) {
				return fmt.Errorf("row %d: %s is not a float32", r.n, t)
			}
			r.data = append(r.data, float32(v))
		default:
			return fmt.Errorf("row %d holds %v where a number is wanted", r.n, tok)
		}
	}
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
