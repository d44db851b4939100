package kernel

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "StringConcat", Dynamic: stringConcat},
		&Kernel{Op: "StringSplit", Dynamic: stringSplit},
		&Kernel{Op: "StringNormalizer", Dynamic: stringNormalizer},
		&Kernel{Op: "RegexFullMatch", Dynamic: regexFullMatch},
	)
}

// stringConcat is y[i] = a[i] followed by b[i], broadcast.
func stringConcat(_ *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	a, b := in[0], in[1]
	rank := max(len(a.Shape()), len(b.Shape()))
	shape := make([]int, rank)
	strides := func(t *tensor.Tensor) []int {
		out := make([]int, rank)
		at := rank - len(t.Shape())
		for i, s := range t.Shape().Strides() {
			if d := t.Shape()[i]; d != 1 {
				out[at+i], shape[at+i] = s, d
			} else if shape[at+i] == 0 {
				shape[at+i] = 1
			}
		}
		return out
	}
	for i := range shape {
		shape[i] = 1
	}
	sa, sb := strides(a), strides(b)
	y := tensor.New(tensor.String, shape...)
	for i := range y.Strings() {
		y.Strings()[i] = a.Strings()[offsetOf(shape, sa, i)] + b.Strings()[offsetOf(shape, sb, i)]
	}
	return []*tensor.Tensor{y}, nil
}

// stringSplit cuts each string at a delimiter, or at runs of white space where there is none, maxsplit times at most.
func stringSplit(n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	x, most := in[0], -1
	if n.Has("maxsplit") {
		most = n.Int("maxsplit", 0)
	}
	parts := make([][]string, x.Len())
	counts := tensor.New(tensor.Int64, x.Shape()...)
	width := 0
	for i, s := range x.Strings() {
		switch d := n.Str("delimiter", ""); {
		case d == "":
			parts[i] = fields(s, most)
		case most < 0:
			parts[i] = strings.Split(s, d)
		default:
			parts[i] = strings.SplitN(s, d, most+1)
		}
		tensor.Data[int64](counts)[i] = int64(len(parts[i]))
		width = max(width, len(parts[i]))
	}
	y := tensor.New(tensor.String, append(slices.Clone(x.Shape()), width)...)
	for i, list := range parts {
		copy(y.Strings()[i*width:], list)
	}
	return []*tensor.Tensor{y, counts}, nil
}

// fields are the words of s; after most cuts the rest is one word.
func fields(s string, most int) []string {
	var list []string
	for s = strings.TrimLeft(s, " \t\n\v\f\r"); s != ""; s = strings.TrimLeft(s, " \t\n\v\f\r") {
		end := strings.IndexAny(s, " \t\n\v\f\r")
		if end < 0 || len(list) == most {
			return append(list, s)
		}
		list, s = append(list, s[:end]), s[end:]
	}
	return list
}

// stringNormalizer drops stop words and changes the case of the others; of none that are left, one empty string stays.
func stringNormalizer(n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	change := func(s string) string { return s }
	switch action := n.Str("case_change_action", "NONE"); action {
	case "NONE":
	case "LOWER":
		change = strings.ToLower
	case "UPPER":
		change = strings.ToUpper
	default:
		return nil, fmt.Errorf("case_change_action %q", action)
	}
	stop, _ := n.Attrs["stopwords"].([]string)
	plain := func(s string) string { return s }
	if n.Int("is_case_sensitive", 0) == 0 {
		plain = strings.ToLower
	}
	stops := map[string]bool{}
	for _, s := range stop {
		stops[plain(s)] = true
	}
	var kept []string
	for _, s := range in[0].Strings() {
		if !stops[plain(s)] {
			kept = append(kept, change(s))
		}
	}
	if len(kept) == 0 {
		kept = []string{""}
	}
	shape := slices.Clone(in[0].Shape())
	shape[len(shape)-1] = len(kept)
	y, err := tensor.WrapStrings(kept, shape...)
	return []*tensor.Tensor{y}, err
}

// regexFullMatch tells which strings a regular expression, in RE2's syntax as Go's are, matches whole.
func regexFullMatch(n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	re, err := regexp.Compile(`\A(?:` + n.Str("pattern", "") + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", n.Str("pattern", ""), err)
	}
	y := tensor.New(tensor.Bool, in[0].Shape()...)
	for i, s := range in[0].Strings() {
		tensor.Data[bool](y)[i] = re.MatchString(s)
	}
	return []*tensor.Tensor{y}, nil
}
