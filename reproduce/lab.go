package reproduce

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/elbo-ml/elbo/tensor/atomicfile"
	"github.com/elbo-ml/elbo/train"
)

// Lab is what an experiment works in: its options, its data, the folder of its cells, its report.
type Lab struct {
	Options
	// Report is what the experiment fills.
	Report *Report

	experiment Experiment
	// reading: cells are read alone, and one that was not computed is an error.
	reading bool
	in, out []string // names of the parts that the report has, and of those that it lacks
	held    []expectation
	notes   []string
	closers []io.Closer
	sources map[string]string // what stands for which data set

	mu     sync.Mutex // guards what cells that run side by side share
	ledger ledger
	last   time.Time // when the ledger was brought up to date
	told   time.Time
}

// ledger is what a folder remembers of its run: which it is, the time that its cells have taken, each for itself, and the
// time of the run, in which cells may have run side by side.
type ledger struct {
	Experiment string             `json:"experiment"`
	Quick      bool               `json:"quick"`
	Run        float64            `json:"run_seconds"`
	Seconds    map[string]float64 `json:"seconds"`
}

// expectation is something that must hold, and whether it does.
type expectation struct {
	what string
	held bool
}

func open(e Experiment, o Options) (*Lab, error) {
	l := &Lab{Options: o, experiment: e, ledger: ledger{Experiment: e.Name, Quick: o.Quick, Seconds: map[string]float64{}}, sources: map[string]string{}, last: time.Now()}
	l.Report = &Report{folder: o.Out}
	if err := os.MkdirAll(o.Out, 0o777); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(l.ledgerPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l, l.keepLedger()
	case err != nil:
		return nil, err
	}
	var had ledger
	if err := json.Unmarshal(b, &had); err != nil {
		return nil, fmt.Errorf("%s: %w", l.ledgerPath(), err)
	}
	if had.Experiment != e.Name || had.Quick != o.Quick {
		kind := map[bool]string{false: "a full", true: "a quick"}
		return nil, fmt.Errorf("%s is of %s run of %s; name another folder, or remove it: %w", o.Out, kind[had.Quick], had.Experiment, ErrFolder)
	}
	if had.Seconds != nil {
		l.ledger = had
	}
	return l, nil
}

func (l *Lab) ledgerPath() string { return filepath.Join(l.Out, "run.json") }

func (l *Lab) keepLedger() error { return writeJSON(l.ledgerPath(), l.ledger) }

// spend adds to the time that a cell has taken.
func (l *Lab) spend(cell string, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ledger.Seconds[cell] += d.Seconds()
	l.clock()
	return l.keepLedger()
}

// tally keeps the time that the run has taken up to now.
func (l *Lab) tally() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock()
	return l.keepLedger()
}

// clock adds the time since it was last called to that of the run.
func (l *Lab) clock() {
	now := time.Now()
	l.ledger.Run += now.Sub(l.last).Seconds()
	l.last = now
}

// Spent is the time that the run has taken, earlier runs in the folder included.
func (l *Lab) Spent() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock()
	return seconds(l.ledger.Run)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Remaining is what is left of the budget; it may be negative.
func (l *Lab) Remaining() time.Duration { return l.Budget - l.Spent() }

// Expect states an ordering or a bound that must hold. The report lists it with its outcome.
func (l *Lab) Expect(held bool, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, expectation{fmt.Sprintf(format, args...), held})
}

func (l *Lab) failed() []string {
	var all []string
	for _, e := range l.held {
		if !e.held {
			all = append(all, e.what)
		}
	}
	return all
}

// Note adds a line to the report's notes: what a reader must know to judge the numbers.
func (l *Lab) Note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(format, args...)
}

func (l *Lab) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

// Logf tells how the run gets on.
func (l *Lab) Logf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.Log, format+"\n", args...)
}

// Watch is a train.Options.Progress that tells of the named training every ten seconds.
func (l *Lab) Watch(name string) func(train.Progress) {
	return func(p train.Progress) {
		l.mu.Lock()
		due := time.Since(l.told) >= 10*time.Second
		if due {
			l.told = time.Now()
		}
		l.mu.Unlock()
		if due {
			l.Logf("%s: epoch %d/%d, ELBO %.2f, %.0f images/s, %v to go", name, p.Epoch, p.Epochs, p.ELBO, p.ImagesPerSecond, p.Remaining.Round(time.Second))
		}
	}
}

func (l *Lab) close() {
	for _, c := range l.closers {
		c.Close()
	}
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}
