// Package report holds the figures of a run and writes them, as Markdown and as JSON.
package report

import (
	"encoding/json"
	"math"
)

// Row compares two numbers. NaN stands for one that is not there.
type Row struct {
	// Name is what is measured, and Unit in what.
	Name, Unit string
	Ours, Peer float64
	// PeerName says who or what the peer is; Group names several of which the strongest counts: "PyTorch".
	PeerName, Group string
	// Target is what Ours / Peer is to be at most, or, with AtLeast, at least. Where there is no peer it is for Ours.
	Target  float64
	AtLeast bool
	// Listed puts the row in the table though it has no target.
	Listed bool
	// Threads is the number of cores that each side may use.
	Threads int
	// Why is what is known about a target that is missed.
	Why string
}

// Nothing is the number that is not there.
var Nothing = math.NaN()

// Ratio is Ours / Peer.
func (r Row) Ratio() float64 { return r.Ours / r.Peer }

// figure is what is held against the target.
func (r Row) figure() float64 {
	if math.IsNaN(r.Peer) {
		return r.Ours
	}
	return r.Ratio()
}

// Met reports whether the target is met.
func (r Row) Met() bool {
	if r.AtLeast {
		return r.figure() >= r.Target
	}
	return r.figure() <= r.Target
}

// Wanted reports whether there is a target.
func (r Row) Wanted() bool { return !math.IsNaN(r.Target) }

// closer reports whether r is a stronger claim on us than s: a peer that leaves us less.
func (r Row) closer(s Row) bool {
	if r.AtLeast {
		return r.Ratio() < s.Ratio()
	}
	return r.Ratio() > s.Ratio()
}

// MarshalJSON writes the row with null for what is not there.
func (r Row) MarshalJSON() ([]byte, error) {
	number := func(x float64) any {
		if math.IsNaN(x) {
			return nil
		}
		return x
	}
	met := any(nil)
	if r.Wanted() {
		met = r.Met()
	}
	return json.Marshal(struct {
		Name     string `json:"name"`
		Ours     any    `json:"ours"`
		Peer     any    `json:"peer"`
		PeerName string `json:"peer_name"`
		Ratio    any    `json:"ratio"`
		Target   any    `json:"target"`
		Met      any    `json:"met"`
		Threads  int    `json:"threads"`
	}{r.Name + ", " + r.Unit, number(r.Ours), number(r.Peer), r.PeerName, number(r.Ratio()), number(r.Target), met, r.Threads})
}

// strongest keeps of the rows with a target and those to be listed, for each name, group and number of threads, the one that asks most of us.
func strongest(rows []Row) []Row {
	type key struct {
		name, group string
		threads     int
	}
	at := map[key]int{}
	var out []Row
	for _, r := range rows {
		if !r.Wanted() && !r.Listed {
			continue
		}
		k := key{r.Name, r.Group, r.Threads}
		if i, known := at[k]; !known {
			at[k] = len(out)
			out = append(out, r)
		} else if r.closer(out[i]) {
			out[i] = r
		}
	}
	return out
}
