package gemm

import (
	"sync"
	"unsafe"
)

// freeList keeps the working memory of finished calls for later ones. A sync.Pool would lose it at every garbage
// collection, and then a call in the middle of a training step would allocate.
type freeList[T Float] struct {
	mu   sync.Mutex
	head *work[T]
}

var (
	free32 freeList[float32]
	free64 freeList[float64]
)

func freeOf[T Float]() *freeList[T] {
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return (*freeList[T])(unsafe.Pointer(&free32))
	}
	return (*freeList[T])(unsafe.Pointer(&free64))
}

func take[T Float]() *work[T] {
	f := freeOf[T]()
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.head
	if w == nil {
		return new(work[T])
	}
	f.head, w.link = w.link, nil
	return w
}

func (w *work[T]) give() {
	f := freeOf[T]()
	f.mu.Lock()
	w.link, f.head = f.head, w
	f.mu.Unlock()
}
