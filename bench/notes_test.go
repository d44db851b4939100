package main

import (
	"testing"

	"github.com/elbo-ml/elbo/bench/report"
)

func TestExplain(t *testing.T) {
	defer func(saved string) { reasons = saved }(reasons)
	reasons = "decoder: the start\ndecoder 20, batch 1: closer\n"
	rows := []report.Row{{Name: "decoder 20, batch 8"}, {Name: "decoder 20, batch 1"}, {Name: "other"}}
	explain(rows)
	if rows[0].Why != "the start" || rows[1].Why != "closer" || rows[2].Why != "" {
		t.Errorf("%q %q %q", rows[0].Why, rows[1].Why, rows[2].Why)
	}
}
