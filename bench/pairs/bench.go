// Package pairs are the things that are measured, one file each: elbo beside its peers.
package pairs

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/elbo-ml/elbo/bench/peer"
	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// Bench is a run of pairs.
type Bench struct {
	Peers    *peer.Peers
	Pace     side.Pace
	Dir      string
	Progress io.Writer

	Report *report.Report

	// peak is the best rate of a matrix product in this run, by number of threads.
	peak map[int]rate
}

// rate is a rate and whose it is.
type rate struct {
	gflops float64
	name   string
}

// Pair measures one thing and adds it to the report.
type Pair struct {
	Name string
	Run  func(b *Bench) error
}

// All are the pairs in their order.
var All = []Pair{
	{"sgemm", sgemm},
	{"vae", vae},
	{"resources", resources},
	{"conv", conv},
	{"mlp", mlp},
	{"decoder", dense},
	{"inference", convolutional},
	{"iaf", iaf},
	{"noise", noise},
}

// elbo is this executable doing a task of package worker on a number of threads, which are all it may use.
func elbo(name string, threads int, task ...string) side.Side {
	return side.Side{Name: name, Threads: threads, Task: task, Host: func() (*side.Host, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self, "host")
		cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(threads))
		return side.Start(cmd)
	}}
}

// race lets the sides run and keeps what came out.
func (b *Bench) race(task string, work float64, unit string, sides []side.Side, tolerance float64) (report.Race, error) {
	fmt.Fprintf(b.Progress, "%s\n", task)
	dir, err := os.MkdirTemp(b.Dir, "race")
	if err != nil {
		return report.Race{}, err
	}
	defer os.RemoveAll(dir)
	results, err := side.Race(b.Progress, sides, b.Pace, tolerance, dir)
	if err != nil {
		return report.Race{}, fmt.Errorf("%s: %w", task, err)
	}
	return report.Race{Task: task, Work: work, Unit: unit, Results: results}, nil
}

// goal is what is wanted against the peers of a group.
type goal struct {
	group  string // what it is called; "" is the peer's own name
	target float64
	listed bool // in the table without a target too
}

// compare makes the rows of a race: the first side against each other name, each at its best within 1 core and within 2.
// Times are in ms. goalOf gives what is wanted against a peer; report.Nothing stands for no target.
func (b *Bench) compare(name string, r report.Race, goalOf func(peer string) goal) {
	ours := r.Results[0].Name
	var peers []string
	for _, s := range r.Results {
		if s.Name != ours && !slices.Contains(peers, s.Name) {
			peers = append(peers, s.Name)
		}
	}
	for _, p := range peers {
		for _, threads := range []int{1, 2} {
			us, ok := side.Best(r.Results, ours, threads)
			them, there := side.Best(r.Results, p, threads)
			if !ok || !there {
				continue
			}
			g := goalOf(p)
			if g.group == "" {
				g.group = p
			}
			b.Report.Rows = append(b.Report.Rows, report.Row{Name: name, Unit: "ms", Ours: 1e3 * us.Median, Peer: 1e3 * them.Median,
				PeerName: p, Group: g.group, Target: g.target, Listed: g.listed, Threads: threads})
		}
	}
}

// section adds a section; rows that could not be measured are told in leftOut.
func (b *Bench) section(title, text string, leftOut []string, races ...report.Race) {
	b.Report.Sections = append(b.Report.Sections, report.Section{Title: title, Text: text, Races: races, LeftOut: leftOut})
}

// folder makes a folder for the numbers of a task.
func (b *Bench) folder(name string) (string, error) {
	dir := filepath.Join(b.Dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}
