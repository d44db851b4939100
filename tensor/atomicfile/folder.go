package atomicfile

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// WriteFolder writes a folder of the named files, in the place of one that is there. What was there before is removed
// last, so that at every instant one of the two is whole.
func WriteFolder(path string, files map[string][]byte) error {
	path = filepath.Clean(path)
	dir := temporary(path)
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	defer os.RemoveAll(dir) // gone already when all went well, but for the old folder's files after a swap
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := writeSynced(filepath.Join(dir, name), files[name]); err != nil {
			return err
		}
	}
	if err := SyncFolder(dir); err != nil {
		return err
	}
	// Renaming succeeds where there is nothing, or an empty folder.
	if os.Rename(dir, path) != nil {
		if err := swap(dir, path); err != nil {
			return fmt.Errorf("putting the new folder in the old one's place: %w", err)
		}
	}
	return SyncFolder(filepath.Dir(path))
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// swapByRename puts the folder dir in the place of path and the old one in dir's. Between its renames a crash leaves the
// old folder under a temporary name beside it.
func swapByRename(dir, path string) error {
	old := dir + ".old"
	if err := os.Rename(path, old); err != nil {
		return err
	}
	if err := os.Rename(dir, path); err != nil {
		return errors.Join(err, os.Rename(old, path))
	}
	return os.Rename(old, dir)
}
