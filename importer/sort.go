package importer

import (
	"container/heap"
	"fmt"
	"strings"
)

// sortSteps puts the nodes in topological order and keeps the file's order wherever that is one.
func sortSteps(steps []*step) ([]*step, error) {
	maker := map[string]int{}
	for i, s := range steps {
		for _, name := range s.outputs {
			maker[name] = i
		}
	}
	delete(maker, "")
	waits := make([]int, len(steps))
	readers := make([][]int, len(steps))
	for i, s := range steps {
		for _, name := range s.reads() {
			if from, ok := maker[name]; ok {
				waits[i]++
				readers[from] = append(readers[from], i)
			}
		}
	}
	ready := &indexHeap{}
	for i, n := range waits {
		if n == 0 {
			*ready = append(*ready, i) // ascending, so already a heap
		}
	}
	order := make([]*step, 0, len(steps))
	for ready.Len() > 0 {
		i := heap.Pop(ready).(int)
		order = append(order, steps[i])
		for _, r := range readers[i] {
			if waits[r]--; waits[r] == 0 {
				heap.Push(ready, r)
			}
		}
	}
	if len(order) < len(steps) {
		return nil, fmt.Errorf("the nodes %s wait for each other in a circle: %w", stuck(steps, waits), ErrMalformed)
	}
	return order, nil
}

// stuck names a few of the nodes that still wait.
func stuck(steps []*step, waits []int) string {
	var names []string
	for i, n := range waits {
		if n > 0 && len(names) < 5 {
			names = append(names, fmt.Sprintf("%s %q", steps[i].op, steps[i].name))
		}
	}
	return strings.Join(names, ", ")
}

// indexHeap gives the smallest index first.
type indexHeap []int

func (h indexHeap) Len() int           { return len(h) }
func (h indexHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h indexHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *indexHeap) Push(x any)        { *h = append(*h, x.(int)) }
func (h *indexHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
