package atomicfile

import "golang.org/x/sys/unix"

// swap exchanges two folders in one step, so that at every instant there is a whole folder under either name.
func swap(dir, path string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, path, unix.RENAME_EXCHANGE); err != nil {
		return swapByRename(dir, path) // not every file system can exchange
	}
	return nil
}
