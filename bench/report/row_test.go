package report

import (
	"encoding/json"
	"testing"
)

func TestMet(t *testing.T) {
	for _, c := range []struct {
		name string
		row  Row
		want bool
	}{
		{"a time below its share of the peer's", Row{Ours: 4, Peer: 10, Target: 0.45}, true},
		{"a time above it", Row{Ours: 5, Peer: 10, Target: 0.45}, false},
		{"a rate just at its share", Row{Ours: 95, Peer: 100, Target: 0.95, AtLeast: true}, true},
		{"a rate below it", Row{Ours: 94, Peer: 100, Target: 0.95, AtLeast: true}, false},
		{"no peer, no allocations", Row{Ours: 0, Peer: Nothing, Target: 0}, true},
		{"no peer, an allocation", Row{Ours: 1, Peer: Nothing, Target: 0}, false},
		{"not measured", Row{Ours: Nothing, Peer: 1, Target: 1}, false},
	} {
		if got := c.row.Met(); got != c.want {
			t.Errorf("%s: met %v", c.name, got)
		}
	}
}

// Of several peers the one that leaves us least stands in the table, for times and for rates.
func TestStrongest(t *testing.T) {
	rows := strongest([]Row{
		{Name: "step", Group: "PyTorch", PeerName: "old", Ours: 4, Peer: 10, Target: 0.45, Threads: 1},
		{Name: "step", Group: "PyTorch", PeerName: "new", Ours: 4, Peer: 5, Target: 0.45, Threads: 1},
		{Name: "step", Group: "JAX", PeerName: "no target", Ours: 4, Peer: 5, Target: Nothing, Threads: 1},
		{Name: "product", Group: "OpenBLAS", PeerName: "fast", Ours: 90, Peer: 100, Target: 0.95, AtLeast: true, Threads: 1},
		{Name: "product", Group: "OpenBLAS", PeerName: "slow", Ours: 90, Peer: 80, Target: 0.95, AtLeast: true, Threads: 1},
	})
	if len(rows) != 2 || rows[0].PeerName != "new" || rows[1].PeerName != "fast" {
		t.Errorf("rows %v", rows)
	}
}

func TestJSON(t *testing.T) {
	b, err := json.Marshal([]Row{{Name: "allocations", Unit: "per step", Ours: 0, Peer: Nothing, PeerName: "", Target: 0, Threads: 1}})
	const want = `[{"name":"allocations, per step","ours":0,"peer":null,"peer_name":"","ratio":null,"target":0,"met":true,"threads":1}]`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
}
