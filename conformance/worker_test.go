package conformance

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is also the process that TestWorkers runs: one that hangs, dies or answers, as the case's name says.
func TestMain(m *testing.M) {
	if os.Getenv("ELBO_TEST_WORKER") == "" {
		os.Exit(m.Run())
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		c, _ := OpenCase(lines.Text())
		switch c.Name {
		case "hangs":
			time.Sleep(time.Hour)
		case "dies":
			panic("at once")
		}
		fmt.Println("a library's own words")
		json.NewEncoder(os.Stdout).Encode(Outcome{Case: c.Name})
	}
}

// A case that hangs or takes the process down fails, and those behind it are run.
func TestWorkers(t *testing.T) {
	t.Setenv("ELBO_TEST_WORKER", "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &Workers{Command: []string{self}, Timeout: 2 * time.Second}
	defer w.Close()
	for name, says := range map[string]string{"answers": "", "hangs": "no answer", "dies": "panic: at once", "answers too": ""} {
		c, err := OpenCase(name + "/model.onnx")
		if err != nil {
			t.Fatal(err)
		}
		o, err := w.Run(context.Background(), c)
		if err != nil || (o.Verdict == Failed) != (says != "") || !strings.Contains(o.Reason, says) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

// A case that changes either way is told.
func TestListChanges(t *testing.T) {
	l := List{"listed and passes": "no kernel", "listed": "no kernel", "listed as failing": "failed: off by one", "gone": "no kernel"}
	got := l.Changes([]Outcome{{Case: "listed and passes"}, {"listed", Skipped, ""}, {"listed as failing", Failed, ""}, {Case: "passes"},
		{"new", Skipped, "no kernel"}, {"breaks", Failed, "off by two"}})
	want := "breaks fails: off by two|gone is listed and not in the suite|listed and passes passes: take it from the list|new is not supported: no kernel"
	if strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
}
