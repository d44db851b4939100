package reproduce

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine is what the run was made on: the processor, and the threads that were used of it.
func machine(threads int) string {
	cores := runtime.GOMAXPROCS(0)
	if threads > 0 {
		cores = min(cores, threads)
	}
	name := runtime.GOARCH
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				name = strings.TrimSpace(value)
				break
			}
		}
	}
	if cores == 1 {
		return name + ", 1 core"
	}
	return fmt.Sprintf("%s, %d cores", name, cores)
}
