package iaf

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/reproduce"
)

// The whole experiment, of a size that says nothing, from its data to its report, and again from what it kept.
func TestSmallRun(t *testing.T) {
	had, hadFull := quick, full
	defer func() { quick, full = had, hadFull }()
	quick = settings{rows: 120, testRows: 8, epochs: 2, batch: 20, draws: 2, rate: 0.01, average: 0.5, variants: ofWidth(6),
		body: models.Config{Body: "dense", Latent: 3, Hidden: []int{6}, Activation: "elu"}, madeHidden: []int{4}}
	small := quick
	small.epochs = 0
	full = []settings{small, small}
	for _, o := range []reproduce.Options{{Quick: true}, {Budget: time.Millisecond}} {
		o.Out, o.Threads, o.Seeds = t.TempDir(), 1, 1
		var first string
		for range 2 {
			path, err := reproduce.Run(t.Context(), Experiment, o)
			if err != nil && !errors.Is(err, reproduce.ErrNotHeld) {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"diagonal Gaussian", "depth 4", "-84.08", "times as fast", "samples.png", "training.svg"} {
				if !strings.Contains(string(b), want) {
					t.Errorf("the report does not tell of %q", want)
				}
			}
			// The time that the run took goes on.
			took := regexp.MustCompile(`It took [^ ]*s\.`)
			if text := took.ReplaceAllString(string(b), ""); first == "" {
				first = text
			} else if first != text {
				t.Error("the report of what was kept differs")
			}
		}
	}
}
