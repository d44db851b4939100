package reproduce

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// Report collects what an experiment shows, in order, as Markdown. Figures are written to the report's folder at once.
type Report struct {
	folder string
	body   strings.Builder
}

// Heading starts a part of the report.
func (r *Report) Heading(format string, args ...any) {
	fmt.Fprintf(&r.body, "## "+format+"\n\n", args...)
}

// Text is a paragraph.
func (r *Report) Text(format string, args ...any) { fmt.Fprintf(&r.body, format+"\n\n", args...) }

// Table is a table whose first column is text and whose others are numbers, set to the right.
func (r *Report) Table(columns []string, rows ...[]string) {
	line := func(cells []string) { fmt.Fprintf(&r.body, "| %s |\n", strings.Join(cells, " | ")) }
	line(columns)
	rule := make([]string, len(columns))
	for i := range rule {
		if rule[i] = "---:"; i == 0 {
			rule[i] = "---"
		}
	}
	line(rule)
	for _, row := range rows {
		line(row)
	}
	r.body.WriteString("\n")
}

// Figure draws panels in rows, as NAME.png and NAME.svg, with a caption below.
func (r *Report) Figure(name, caption string, panels ...[]Panel) error {
	for _, format := range []string{"png", "svg"} {
		if err := draw(filepath.Join(r.folder, name+"."+format), format, panels); err != nil {
			return fmt.Errorf("figure %s: %w", name, err)
		}
	}
	r.picture(name, caption)
	fmt.Fprintf(&r.body, "[as SVG](%s.svg)\n\n", name)
	return nil
}

// Image adds a picture, such as a grid of samples (tensor/picture makes them), as NAME.png.
func (r *Report) Image(name, caption string, img image.Image) error {
	err := atomicfile.Write(filepath.Join(r.folder, name+".png"), func(w io.Writer) error { return png.Encode(w, img) })
	if err != nil {
		return fmt.Errorf("figure %s: %w", name, err)
	}
	r.picture(name, caption)
	return nil
}

func (r *Report) picture(name, caption string) {
	fmt.Fprintf(&r.body, "![%s](%s.png)\n\n*%s*\n\n", name, name, caption)
}

// report is the whole of it: what is reproduced and how, what must hold, what the experiment shows.
func (l *Lab) report() string {
	var b strings.Builder
	e := l.experiment
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n", e.Title, e.Source)
	kind := fmt.Sprintf("A full run within a budget of %v", short(l.Budget))
	if l.Quick {
		kind = "A quick run"
	}
	if l.Command != "" {
		kind += fmt.Sprintf(": `%s`", l.Command)
	}
	fmt.Fprintf(&b, "%s. %s, %s engine; seeds: %d. It took %v.\n\n", kind, machine(l.Threads), l.Engine.Name(), l.Seeds, short(l.Spent()))
	if len(l.out) > 0 {
		fmt.Fprintf(&b, "It has the parts %s, and lacks %s.\n\n", strings.Join(l.in, ", "), strings.Join(l.out, ", "))
	}
	if len(l.held) > 0 {
		b.WriteString("| what must hold | holds |\n| --- | --- |\n")
		for _, x := range l.held {
			fmt.Fprintf(&b, "| %s | %s |\n", x.what, map[bool]string{true: "yes", false: "**no**"}[x.held])
		}
		b.WriteString("\n")
	}
	b.WriteString(l.Report.body.String())
	if len(l.notes) > 0 {
		b.WriteString("## Notes\n\n")
		for _, n := range l.notes {
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// short is a duration to the second, or to a tenth of one below ten seconds.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	s := d.Round(time.Second).String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		return strings.TrimSuffix(s, "0m")
	}
	if s == "" || s[len(s)-1] != 'm' {
		return d.Round(time.Second).String()
	}
	return s
}

// Mean is the mean of the numbers and its standard error, which is 0 of a single one.
func Mean(xs []float64) (mean, standardError float64) {
	if len(xs) < 2 {
		return stat.Mean(xs, nil), 0
	}
	mean, sd := stat.MeanStdDev(xs, nil)
	return mean, stat.StdErr(sd, float64(len(xs)))
}

// Spread is the mean of the numbers with its standard error in parentheses, both to so many decimals: "2.18 (0.04)".
func Spread(xs []float64, decimals int) string {
	mean, se := Mean(xs)
	if len(xs) < 2 {
		return fmt.Sprintf("%.*f", decimals, mean)
	}
	return fmt.Sprintf("%.*f (%.*f)", decimals, mean, decimals, se)
}
