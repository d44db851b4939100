package main

import (
	"strings"
	"testing"
)

// Every experiment has something to run: itself, or each of its parts, under names of their own.
func TestExperimentsRun(t *testing.T) {
	listed := mustRun(t, "reproduce")
	names := map[string]bool{}
	for _, e := range experiments {
		if names[e.Name] || !strings.Contains(listed, e.Name) || !strings.Contains(listed, e.Title) {
			t.Errorf("%s is there twice, or not listed", e.Name)
		}
		names[e.Name] = true
		if e.Run == nil && len(e.Parts) == 0 {
			t.Errorf("%s has nothing to run", e.Name)
		}
		parts := map[string]bool{}
		for _, p := range e.Parts {
			if parts[p.Name] || p.Name == "" || (p.Run == nil) == (e.Run == nil) || !strings.Contains(listed, p.Name) {
				t.Errorf("%s: the part %q is there twice, has nothing to run or no use, or is not listed", e.Name, p.Name)
			}
			parts[p.Name] = true
		}
	}
}
