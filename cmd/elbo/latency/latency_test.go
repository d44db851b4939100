package latency

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestQuantiles(t *testing.T) {
	var hundred Times
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, c := range []struct {
		times Times
		q     float64
		want  time.Duration
	}{
		{hundred, 0, 1}, {hundred, 0.5, 50}, {hundred, 0.9, 90}, {hundred, 0.99, 99}, {hundred, 1, 100},
		{Times{7}, 0.5, 7}, {Times{7}, 0.99, 7}, {Times{3, 9}, 0.5, 3}, {Times{3, 9}, 0.99, 9}, {nil, 0.5, 0},
	} {
		if got := c.times.Quantile(c.q); got != c.want {
			t.Errorf("quantile %v of %d times is %d, want %d", c.q, len(c.times), got, c.want)
		}
	}
}

func TestSidesTakeTurns(t *testing.T) {
	var ran []int
	side := func(i int) Side {
		return func(context.Context) error {
			ran = append(ran, i)
			time.Sleep(6 * time.Millisecond)
			return nil
		}
	}
	times, err := Race(t.Context(), []Side{side(0), side(1), side(2)}, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	for i, list := range times {
		if len(list) < least || !slices.IsSorted(list) || list[0] < 6*time.Millisecond {
			t.Errorf("side %d took %v", i, list)
		}
	}
	turns := slices.Compact(ran[3*warmUp:])
	if len(turns) > 3*least || len(turns) < 2*least {
		t.Errorf("the turns were %v", turns)
	}
}

func TestAnErrorEndsTheRace(t *testing.T) {
	broken := errors.New("broken")
	runs := 0
	if _, err := Race(t.Context(), []Side{func(context.Context) error {
		if runs++; runs > warmUp {
			return broken
		}
		return nil
	}}, time.Hour); !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Race(ctx, []Side{func(context.Context) error { return nil }}, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
