//go:build !unix

package importer

import (
	"errors"
	"os"
)

func mapPrivate(*os.File, int64) ([]byte, error) { return nil, errors.ErrUnsupported }
