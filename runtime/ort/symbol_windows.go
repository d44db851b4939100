//go:build cgo

package ort

import (
	"syscall"
	"unsafe"
)

// apiBase is the function OrtGetApiBase of the library at path, which is loaded already and stays so.
func apiBase(path string) (unsafe.Pointer, error) {
	library, err := syscall.LoadLibrary(path)
	if err != nil {
		return nil, err
	}
	defer syscall.FreeLibrary(library) // onnxruntime_go's hold keeps it
	at, err := syscall.GetProcAddress(library, "OrtGetApiBase")
	if err != nil {
		return nil, err
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(&at)), nil // no memory of Go's
}
