package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// progress shows how a long command gets on: a bar that rewrites its line on a terminal, plain lines now and then otherwise.
type progress struct {
	w        io.Writer
	terminal bool
	width    func() int // columns of the terminal
	every    time.Duration
	start    time.Time
	last     time.Time
	drawn    bool
}

// newProgress makes a progress display on w; a plain one writes a line at most every ten seconds.
func newProgress(w io.Writer) *progress {
	p := &progress{w: w, every: 10 * time.Second, start: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal, p.every = true, 100*time.Millisecond
		p.width = func() int {
			w, _, err := term.GetSize(int(f.Fd()))
			if err != nil || w <= 0 {
				return 80
			}
			return w
		}
	}
	return p
}

// update shows done of total with a text such as the current loss and a rate such as "5210 images/s". A text may end in
// details in parentheses, which a narrow terminal is spared.
func (p *progress) update(done, total int, rate, text string) {
	now := time.Now()
	if now.Sub(p.last) < p.every && done < total {
		return
	}
	p.last = now
	line := fmt.Sprintf("%s  %s  %s", text, rate, eta(now.Sub(p.start), done, total))
	if !p.terminal {
		fmt.Fprintf(p.w, "%d/%d  %s\n", done, total, line)
		return
	}
	columns := p.width()
	if len(line) > columns-barFrame-barLeast {
		brief, _, _ := strings.Cut(text, " (")
		line = fmt.Sprintf("%s  %s  %s", brief, rate, eta(now.Sub(p.start), done, total))
	}
	fmt.Fprint(p.w, "\r\x1b[K", bar(done, total, columns, line))
	p.drawn = true
}

const (
	barLeast = 10                   // the shortest bar worth drawing
	barFrame = len("[] 100%  ") + 1 // and a last column left free, or some terminals wrap
)

// bar is a line that fits in so many columns: a bar that takes what the text leaves it, or the cut text alone.
func bar(done, total, columns int, line string) string {
	width := min(30, columns-len(line)-barFrame)
	if width < barLeast {
		return line[:min(len(line), max(columns-1, 0))]
	}
	full := 0
	if total > 0 {
		full = max(0, min(width, width*done/total))
	}
	return fmt.Sprintf("[%s%s] %3d%%  %s", strings.Repeat("=", full), strings.Repeat(" ", width-full), 100*done/max(total, 1), line)
}

// rate is how many have been done per second so far: "5210 images/s".
func (p *progress) rate(done int, what string) string {
	return fmt.Sprintf("%.0f %s/s", float64(done)/max(time.Since(p.start).Seconds(), 1e-3), what)
}

// end leaves the last state on the screen.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprintln(p.w)
		p.drawn = false
	}
}

func eta(elapsed time.Duration, done, total int) string {
	if done <= 0 || done >= total {
		return "in " + elapsed.Round(time.Second).String()
	}
	left := time.Duration(float64(elapsed) / float64(done) * float64(total-done))
	return "ETA " + left.Round(time.Second).String()
}
