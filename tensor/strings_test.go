package tensor

import (
	"errors"
	"slices"
	"testing"
)

func TestStringsKeepTheirPlaces(t *testing.T) {
	x, err := WrapStrings([]string{"a", "b", "c", "d", "e", "f"}, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Rows(1, 3).Strings(); !slices.Equal(got, []string{"c", "d", "e", "f"}) {
		t.Errorf("rows 1 and 2 are %q", got)
	}
	y, err := x.Reshape(2, 3)
	if err != nil || y.String() != "string[2,3]" || !slices.Equal(y.Strings(), x.Strings()) {
		t.Errorf("%v %q, %v", y, y.Strings(), err)
	}
	c := x.Clone()
	c.Strings()[0] = "z"
	if x.Strings()[0] != "a" || x.Bytes() != nil || New(String, 2).Strings()[1] != "" {
		t.Error("a clone shares its strings, or strings have bytes")
	}
	if _, err := WrapStrings([]string{"a"}, 2); !errors.Is(err, ErrShape) {
		t.Errorf("one string for two elements gives %v", err)
	}
	if _, err := WrapBytes(String, Shape{0}, nil); err == nil {
		t.Error("strings are made of bytes")
	}
}

// Strings that only look alike when they are run together have different keys.
func TestKeysTellStringsApart(t *testing.T) {
	a, _ := WrapStrings([]string{"ab", "c"}, 2)
	b, _ := WrapStrings([]string{"a", "bc"}, 2)
	c, _ := WrapStrings([]string{"ab", "c"}, 2, 1)
	d, _ := WrapStrings([]string{"ab", "c"}, 2)
	if a.Key() == b.Key() || a.Key() == c.Key() || a.Key() != d.Key() {
		t.Errorf("%q %q %q %q", a.Key(), b.Key(), c.Key(), d.Key())
	}
}
