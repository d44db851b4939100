// Command bench measures elbo beside its peers and writes what came out.
//
//	go run .           every pair: RESULTS.md and results.json
//	go run . -quick    the same with fewer repeats, in under two minutes: quick.json, and the table on stdout. PyTorch
//	                   runs as it is only: compiling it takes longer than all the rest.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/elbo-ml/elbo/bench/pairs"
	"github.com/elbo-ml/elbo/bench/peer"
	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/bench/worker"
)

func main() {
	run := measure
	if len(os.Args) == 2 && os.Args[1] == "host" {
		run = func() error { return side.Serve(worker.Open) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// full and quick are the paces. Medians of the quick one are those of a few bursts.
var (
	full  = side.Pace{Rounds: 25, Burst: 60 * time.Millisecond, Budget: 25 * time.Second}
	quick = side.Pace{Rounds: 5, Burst: 15 * time.Millisecond, Budget: 2 * time.Second}
)

func measure() error {
	fast := flag.Bool("quick", false, "fewer repeats, PyTorch not compiled, under two minutes")
	only := flag.String("only", "", "the pairs whose names match this `pattern`; nothing is written to files")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "elbo-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &pairs.Bench{Dir: dir, Pace: full, Progress: os.Stderr, Report: &report.Report{Notes: notes}}
	if *fast {
		b.Pace = quick
	}
	start, load := time.Now(), side.Load()
	if b.Peers, err = peer.Find(dir); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "peers found: %.0f s\n", time.Since(start).Seconds())
	b.Peers.Compiled = !*fast
	defer b.Peers.Close()
	for _, p := range pairs.All {
		if !pattern.MatchString(p.Name) {
			continue
		}
		began := time.Now()
		if err := p.Run(b); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f s\n", p.Name, time.Since(began).Seconds())
	}
	b.Report.Facts, b.Report.Missing = facts(b.Peers, start, load), b.Peers.Missing
	explain(b.Report.Rows)
	switch {
	case *only != "":
		b.Report.WriteMarkdown(os.Stdout)
		return nil
	case *fast:
		b.Report.WriteTable(os.Stdout)
		return write("quick.json", b.Report.WriteJSON)
	}
	b.Report.WriteTable(os.Stdout)
	if err := write("results.json", b.Report.WriteJSON); err != nil {
		return err
	}
	return write("RESULTS.md", func(w io.Writer) error { b.Report.WriteMarkdown(w); return nil })
}

// facts are what a reader needs to judge the figures.
func facts(p *peer.Peers, start time.Time, load string) []string {
	now := time.Now()
	return []string{
		fmt.Sprintf("%s, %s, %.0f s", side.Machine(), start.UTC().Format(time.DateOnly), now.Sub(start).Seconds()),
		fmt.Sprintf("load average %s before, %s after (processes wanting a core, over the last minute; this run's own count too)",
			cmp.Or(load, "unknown"), cmp.Or(side.Load(), "unknown")),
		"elbo: " + pairs.Versions(),
		"peers: " + strings.Join(p.Versions(), "; "),
		"command: `" + cmp.Or(os.Getenv("ELBO_BENCH_COMMAND"), strings.Join(append([]string{"bench"}, os.Args[1:]...), " ")) + "`",
	}
}

func write(path string, to func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := to(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
