//go:build !amd64 || noasm

package subnormal

// Flushes tells that Flush has an effect on this processor.
const Flushes = false

// Mode is how a thread treated subnormal numbers: as all others, here.
type Mode struct{}

// Flush does nothing on this processor.
func Flush() Mode { return Mode{} }

// Restore does nothing on this processor.
func Restore(Mode) {}
