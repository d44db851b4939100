package side

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/elbo-ml/elbo/runtime/native"
)

// Machine describes the machine and how busy it is: what a reader needs to judge the figures.
func Machine(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %d cores, %s%s.\n\n", time.Now().UTC().Format(time.DateOnly), cpu(), runtime.NumCPU(),
		native.New().Version(), load())
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

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) == 0 {
		return ""
	}
	return ", load average " + fields[0] + " (processes wanting a core, over the last minute)"
}
