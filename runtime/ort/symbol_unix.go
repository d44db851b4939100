//go:build cgo && !windows

package ort

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"unsafe"
)

// apiBase is the function OrtGetApiBase of the library at path, which is loaded already and stays so.
func apiBase(path string) (unsafe.Pointer, error) {
	file, symbol := C.CString(path), C.CString("OrtGetApiBase")
	defer C.free(unsafe.Pointer(file))
	defer C.free(unsafe.Pointer(symbol))
	library := C.dlopen(file, C.RTLD_LAZY)
	if library == nil {
		return nil, errors.New(C.GoString(C.dlerror()))
	}
	defer C.dlclose(library) // onnxruntime_go's hold keeps it
	at := C.dlsym(library, symbol)
	if at == nil {
		return nil, errors.New(C.GoString(C.dlerror()))
	}
	return at, nil
}
