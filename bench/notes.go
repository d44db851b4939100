package main

import (
	_ "embed"
	"strings"

	"github.com/elbo-ml/elbo/bench/report"
)

// notes tell how to read the figures.
//
//go:embed notes.md
var notes string

// reasons tell why targets are missed, a line each: the start of a row's name, a colon, the reason.
//
//go:embed why.txt
var reasons string

// explain gives each row the reason whose line has the longest start of its name.
func explain(rows []report.Row) {
	for i := range rows {
		longest := 0
		for line := range strings.Lines(reasons) {
			start, why, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if ok && len(start) > longest && strings.HasPrefix(rows[i].Name, start) {
				longest, rows[i].Why = len(start), why
			}
		}
	}
}
