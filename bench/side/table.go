package side

import (
	"errors"
	"fmt"
	"io"
)

// Table writes the results of one task as Markdown. work is what one run of the task amounts to, in the given unit, so
// that work over the median is the rate in units per second; ratios are to the best of the first side.
func Table(w io.Writer, results []Result, work float64, unit string) {
	best := Best(results)
	fmt.Fprintf(w, "| | threads | median ms | quartiles | fastest | %s | ratio of medians |\n|---|---|---|---|---|---|---|\n", unit)
	for _, r := range results {
		if r.Skipped != nil {
			continue
		}
		ratio := ""
		for _, b := range best {
			if b.Name == r.Name && b.Threads == r.Threads {
				ratio = fmt.Sprintf("%.2f", r.Median/best[0].Median)
			}
		}
		fmt.Fprintf(w, "| %s | %d | %.2f | %.2f to %.2f | %.2f | %.0f | %s |\n", r.Name, r.Threads, 1e3*r.Median,
			1e3*r.Low, 1e3*r.High, 1e3*r.Min, work/r.Median, ratio)
	}
	fmt.Fprintln(w)
	for _, r := range results {
		if r.Skipped != nil && errors.Is(r.Skipped, ErrSkip) {
			fmt.Fprintf(w, "%s on %d threads: %v.\n\n", r.Name, r.Threads, r.Skipped)
		}
	}
}
