package side

import (
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"testing"
	"time"
)

// The test's own binary serves as a host when it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("SIDE_TEST_HOST") != "" {
		Serve(func(task string, _ []string) (Task, error) {
			if task == "absent" {
				return nil, errors.New("not\nhere")
			}
			return sleep(task), nil
		})
		return
	}
	os.Exit(m.Run())
}

// sleep does nothing for the time it names, and gives other numbers when that is "wrong".
type sleep string

func (s sleep) Check() ([]float32, error) {
	if s == "wrong" {
		return []float32{1, 2, 3.1}, nil
	}
	return []float32{1, 2, 3}, nil
}

func (s sleep) Run() error {
	d, _ := time.ParseDuration(string(s))
	time.Sleep(d)
	return nil
}

func (sleep) Close() {}

func host() (*Host, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SIDE_TEST_HOST=1")
	return Start(cmd)
}

func TestRace(t *testing.T) {
	of := func(name, task string) Side { return Side{Name: name, Threads: 1, Host: host, Task: []string{task}} }
	gone := of("gone", "1ms")
	gone.Host = func() (*Host, error) { return Start(exec.Command("/no/such/program")) }
	results, err := Race(io.Discard, []Side{of("quick", "1ms"), of("slow", "5ms"), of("slow", "3ms"), of("wrong", "wrong"), of("absent", "absent"), gone},
		Pace{Rounds: 3, Burst: 10 * time.Millisecond}, 1e-3, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		left := r.Name == "wrong" || r.Name == "absent" || r.Name == "gone"
		if left != errors.Is(r.Skipped, ErrSkip) {
			t.Errorf("%s: %v", r.Name, r.Skipped)
		}
		if !left && !(r.Median >= 1e-3 && r.Min <= r.Low && r.Low <= r.Median && r.Median <= r.High) {
			t.Errorf("%s: %+v", r.Name, r)
		}
	}
	best, ok := Best(results, "slow", 1)
	if !ok || best.Task[0] != "3ms" {
		t.Errorf("the best of slow is %v, %v", best.Task, ok)
	}
	if _, ok := Best(results, "wrong", 1); ok {
		t.Error("a side that was left out is the best of its name")
	}
}

func TestDifference(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		x, y []float32
		want float64 // -1 for an error
	}{
		{"relative to the largest", []float32{1, 9}, []float32{2, 10}, 0.1},
		{"NaN", []float32{nan, 1}, []float32{1, 1}, -1},
		{"NaN in both", []float32{nan}, []float32{nan}, -1},
		{"nothing but zeros", []float32{0}, []float32{0}, -1},
		{"too short", []float32{1}, []float32{1, 2}, -1},
	} {
		got, err := difference(c.x, c.y)
		if (err != nil) != (c.want < 0) || err == nil && math.Abs(got-c.want) > 1e-7 {
			t.Errorf("%s: %g, %v", c.name, got, err)
		}
	}
}
