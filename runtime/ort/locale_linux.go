//go:build cgo

package ort

// #include <locale.h>
// #include <stdlib.h>
import "C"

import (
	"maps"
	"unsafe"

	"github.com/elbo-ml/elbo/graph"
)

// nameLocale gives a StringNormalizer that names no locale that of plain UTF-8, where the machine does not have en_US:
// ONNX Runtime asks for en_US then, which most containers lack, and letters change their case alike in both.
func nameLocale(n *graph.Node) {
	if n.Str("locale", "") != "" || hasLocale("en_US.UTF-8") || !hasLocale("C.UTF-8") {
		return
	}
	attrs := graph.Attrs{"locale": "C.UTF-8"}
	maps.Copy(attrs, n.Attrs)
	n.Attrs = attrs
}

func hasLocale(name string) bool {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	l := C.newlocale(C.LC_ALL_MASK, text, nil)
	if l == nil {
		return false
	}
	C.freelocale(l)
	return true
}
