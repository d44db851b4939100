package profile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// Total adds up the spans of a family.
type Total struct {
	Family string
	Calls  int
	// Time is what the spans took less what others within them took: the totals of all families together are the time
	// that all lanes were busy.
	Time         time.Duration
	FLOPs, Bytes int
}

// count adds a span that took so long by itself.
func (r *Recorder) count(w *Work, own time.Duration) {
	t := r.totals[w.Family]
	if t == nil {
		t = &Total{Family: w.Family}
		r.totals[w.Family] = t
	}
	t.Calls++
	t.Time += own
	t.FLOPs += w.FLOPs
	t.Bytes += w.Bytes
}

// Totals are those of each family so far, the longest first.
func (r *Recorder) Totals() []Total {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Total
	for _, t := range r.totals {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b Total) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Family, b.Family))
	})
	return all
}

// WriteTable writes the totals as a table for people.
func (r *Recorder) WriteTable(w io.Writer) error {
	totals := r.Totals()
	sum, width := time.Duration(0), len("family")
	for _, t := range totals {
		sum += t.Time
		width = max(width, len(t.Family))
	}
	if _, err := fmt.Fprintf(w, "%-*s %9s %12s %7s %9s %8s\n", width, "family", "calls", "time", "share", "GFLOP/s", "GB/s"); err != nil {
		return err
	}
	for _, t := range totals {
		share := 100 * t.Time.Seconds() / max(sum.Seconds(), 1e-9)
		if _, err := fmt.Fprintf(w, "%-*s %9d %9.3f ms %6.1f%% %9s %8s\n", width, t.Family, t.Calls, 1e3*t.Time.Seconds(), share,
			rate(t.FLOPs, t.Time), rate(t.Bytes, t.Time)); err != nil {
			return err
		}
	}
	return nil
}

// rate is so much in the time, in thousands of millions a second, and "-" of nothing.
func rate(n int, d time.Duration) string {
	if n == 0 || d <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(n)/float64(d.Nanoseconds()))
}
