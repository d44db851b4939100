//go:build !noasm

package subnormal

import "runtime"

// Flushes tells that Flush has an effect on this processor.
const Flushes = true

// flush are MXCSR's bits that take subnormal operands and results for 0.
const flush = 1<<15 | 1<<6

// Mode is how a thread treated subnormal numbers.
type Mode uint32

// Flush lets the calling goroutine take subnormal float32 and float64 numbers, operands and results, for 0 until Restore. It is
// bound to its thread meanwhile, since the setting is the thread's. Calls may be nested.
func Flush() Mode {
	runtime.LockOSThread()
	was := control()
	if was&flush != flush {
		setControl(was | flush)
	}
	return Mode(was)
}

// Restore ends what the Flush that gave the mode began.
func Restore(was Mode) {
	if was&flush != flush {
		setControl(uint32(was))
	}
	runtime.UnlockOSThread()
}
