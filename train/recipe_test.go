package train

import "testing"

// The recipe of a model with a Scan is the same when it is built again, and another when the step is another.
func TestFingerprintLooksIntoBodies(t *testing.T) {
	a, _, _ := recurrence("n", 0)
	b, _, _ := recurrence("n", 0)
	if fingerprint(a) != fingerprint(b) {
		t.Error("the same graph twice has two fingerprints")
	}
	for _, n := range b.Nodes {
		if len(n.Bodies()) > 0 {
			n.Bodies()[0].Nodes[0].Op = "Other"
		}
	}
	if fingerprint(a) == fingerprint(b) {
		t.Error("another step has the same fingerprint")
	}
}
