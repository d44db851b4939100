package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/bench/side"
)

// Report is a run: what it was made on and with, the rows, and the races behind them.
type Report struct {
	// Facts are the machine, the versions, the load, the command.
	Facts []string
	// Missing are the peers that are not here, each with the reason.
	Missing []string
	// Notes tell how to read the figures.
	Notes    string
	Rows     []Row
	Sections []Section
}

// Section is what one pair of sides, or one family of pairs, has to tell.
type Section struct {
	Title string
	Text  string
	Races []Race
	// LeftOut are rows that could not be measured, each with the reason.
	LeftOut []string
}

// Race is the result of a race, and what one run of its task amounts to: so many units, "GFLOP" or "images".
type Race struct {
	Task    string
	Work    float64
	Unit    string
	Results []side.Result
}

// WriteJSON writes the rows as a list.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r.Rows)
}

// WriteMarkdown writes all of it, the table of targets first.
func (r *Report) WriteMarkdown(w io.Writer) {
	fmt.Fprintf(w, "# elbo beside its peers\n\n")
	r.WriteTable(w)
	r.writeMissed(w)
	for _, f := range r.Facts {
		fmt.Fprintf(w, "- %s\n", f)
	}
	fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(r.Notes))
	for _, s := range r.Sections {
		s.write(w)
	}
}

// WriteTable writes the rows that have a target or are to be listed; of several peers of one group only the strongest.
func (r *Report) WriteTable(w io.Writer) {
	fmt.Fprintf(w, "| work | cores | ours | peer | ratio | target | met |\n|---|---|---|---|---|---|---|\n")
	for _, row := range strongest(r.Rows) {
		ratio, peer := "", row.PeerName
		if !math.IsNaN(row.Peer) {
			ratio, peer = short(row.Ratio()), fmt.Sprintf("%s (%s)", short(row.Peer), row.PeerName)
		}
		bound, met := row.bound()+" "+short(row.Target), "**no**"
		switch {
		case !row.Wanted():
			bound, met = "", ""
		case row.Met():
			met = "yes"
		}
		fmt.Fprintf(w, "| %s, %s | %d | %s | %s | %s | %s | %s |\n", row.Name, row.Unit, row.Threads, short(row.Ours), peer,
			ratio, bound, met)
	}
	fmt.Fprintln(w)
	for _, l := range r.leftOut() {
		fmt.Fprintf(w, "- left out: %s\n", l)
	}
	if len(r.leftOut()) > 0 {
		fmt.Fprintln(w)
	}
}

// leftOut lists the peers that are not here, the sides that did not run and the rows that could not be measured, each with
// the reason.
func (r *Report) leftOut() []string {
	list := slices.Clone(r.Missing)
	for _, s := range r.Sections {
		list = append(list, s.LeftOut...)
		for _, race := range s.Races {
			for _, x := range race.Results {
				if x.Skipped != nil {
					list = append(list, fmt.Sprintf("%s on %s, %s: %v", x.Name, count(x.Threads, "thread"), race.Task, x.Skipped))
				}
			}
		}
	}
	return list
}

// count writes a number of things: "1 core", "2 cores".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (r Row) bound() string {
	if r.AtLeast {
		return ">="
	}
	return "<="
}

// writeMissed says plainly which targets are missed and by how much.
func (r *Report) writeMissed(w io.Writer) {
	var missed []Row
	for _, row := range strongest(r.Rows) {
		if row.Wanted() && !row.Met() {
			missed = append(missed, row)
		}
	}
	if len(missed) == 0 {
		fmt.Fprintf(w, "No target is missed.\n\n")
		return
	}
	fmt.Fprintf(w, "Missed (docs/performance.md says more on why):\n\n")
	for _, row := range missed {
		by := ""
		if row.Target != 0 {
			by = fmt.Sprintf(", off by %.0f %%", 100*math.Abs(row.figure()/row.Target-1))
		}
		against, why := "", ""
		if row.PeerName != "" {
			against = ", against " + row.PeerName
		}
		if row.Why != "" {
			why = ". " + row.Why
		}
		fmt.Fprintf(w, "- %s, %s, %s%s: %s where %s %s is wanted%s%s\n", row.Name, row.Unit, count(row.Threads, "core"), against,
			short(row.figure()), row.bound(), short(row.Target), by, why)
	}
	fmt.Fprintln(w)
}

func (s Section) write(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n\n", s.Title)
	if s.Text != "" {
		fmt.Fprintf(w, "%s\n\n", strings.TrimSpace(s.Text))
	}
	for _, r := range s.Races {
		r.write(w)
	}
}

// write writes every side. The last column is the difference between the side's results and the first's, relative to
// their largest number.
func (r Race) write(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n| | threads | median ms | quartiles | fastest | %s/s | difference |\n|---|---|---|---|---|---|---|\n", r.Task, r.Unit)
	for _, s := range r.Results {
		if s.Skipped != nil {
			continue
		}
		name := s.Name
		if s.Setting != "" {
			name += ", " + s.Setting
		}
		fmt.Fprintf(w, "| %s | %d | %s | %s to %s | %s | %s | %.1g |\n", name, s.Threads, short(1e3*s.Median), short(1e3*s.Low),
			short(1e3*s.High), short(1e3*s.Min), short(r.Work/s.Median), s.Difference)
	}
	fmt.Fprintln(w)
}

// short writes three digits that count.
func short(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return ""
	case a == 0 || a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	case a >= 1:
		return fmt.Sprintf("%.2f", x)
	default:
		return fmt.Sprintf("%.3g", x)
	}
}
