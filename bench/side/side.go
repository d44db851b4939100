// Package side runs several ways to do one task side by side.
//
// On a shared machine the clock says as much about the neighbours as about the code. So the sides take turns in short
// bursts, in an order that changes from round to round, and what is compared are medians over the rounds: a slow
// second falls on all of them alike. Each side is a task of a process of its own, which is stopped while others run.
// Before anything is timed, every side does the task on the same numbers, and those whose results differ are left out.
package side

// Side is one way to do a task.
type Side struct {
	// Name groups the sides: of one name, under several settings, the fastest stands for it.
	Name    string
	Threads int
	// Setting tells apart the sides of one name and number of threads: "OPENBLAS_CORETYPE=Haswell".
	Setting string
	// Host is the process, and Keep that it stays for other tasks when this one is done.
	Host func() (*Host, error)
	Keep bool
	// Task is the task's name and its arguments, as the host takes them.
	Task []string
}

// Result is what a side took for the task once, in seconds.
type Result struct {
	Side
	Median, Low, High, Min float64 // Low and High are the quartiles
	// Difference from the first side's results, relative to their largest.
	Difference float64
	// Skipped is why the side did not run, or nil.
	Skipped error
}
