package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestRunRaisesTheBound(t *testing.T) {
	var w strings.Builder
	if err := run(t.Context(), &w, 100); err != nil {
		t.Fatal(err)
	}
	var first, last float64
	if _, err := fmt.Sscanf(w.String(), "step 50: ELBO %f nats per image\nstep 100: ELBO %f nats per image", &first, &last); err != nil {
		t.Fatalf("%v in %q", err, w.String())
	}
	if first < -545 || last < first+5 || last > 0 {
		t.Errorf("ELBO %v after 50 steps and %v after 100", first, last)
	}
}
