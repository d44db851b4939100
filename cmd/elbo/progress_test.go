package main

import (
	"strings"
	"testing"
)

func TestBarFitsTheTerminal(t *testing.T) {
	line := "epoch 3/10  ELBO -106.83  19100 images/s  ETA 2m10s"
	for columns := range 130 {
		got := bar(123, 600, columns, line)
		if len(got) >= max(columns, 1) {
			t.Errorf("%d columns: %q takes %d", columns, got, len(got))
		}
		if columns >= len(line)+barLeast+barFrame && (!strings.HasSuffix(got, line) || !strings.Contains(got, "[==")) {
			t.Errorf("%d columns: %q", columns, got)
		}
	}
	if got := bar(7, 0, 100, "x"); !strings.Contains(got, "[ ") {
		t.Errorf("a total that is not known: %q", got)
	}
}
