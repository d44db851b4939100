package side

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine describes the processor and the kernel's count of cores.
func Machine() string { return fmt.Sprintf("%s, %d cores", cpu(), runtime.NumCPU()) }

// Load is the number of processes that wanted a core, averaged over the last minute; "" where the system does not tell.
func Load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 0 {
		return fields[0]
	}
	return ""
}

func cpu() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	field := func(key string) string {
		for line := range strings.Lines(string(text)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
				return strings.TrimSpace(v)
			}
		}
		return "?"
	}
	return fmt.Sprintf("%s (family %s, model %s)", field("model name"), field("cpu family"), field("model"))
}
