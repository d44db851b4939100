// Package engines opens an engine by its name, as the command line and the server are told it.
package engines

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
)

// Names are the engines that Open takes.
var Names = []string{"native", "ort", "auto"}

// ErrUnknown: no engine has this name.
var ErrUnknown = errors.New("unknown engine")

// Options say how the engine's programs run where their own options do not.
type Options struct {
	// Threads and Provider stand in for the zero values of runtime.Options.
	Threads  int
	Provider string
	// Library is the path of ONNX Runtime's shared library; "" looks for it (see package ort).
	Library string
	// Note, when set, is told at most once in a process why auto fell back to the native engine.
	Note func(string)
}

var noteOnce sync.Once

// Open opens the engine called name. auto is ONNX Runtime where its library is found and starts, and the native engine
// elsewhere; but whoever names a provider that only ONNX Runtime has gets ONNX Runtime or an error. "" is auto.
//
// The error wraps ErrUnknown or runtime.ErrUnavailable.
func Open(name string, o Options) (runtime.Engine, error) {
	switch name {
	case "native":
		if !onNative(o.Provider) {
			return nil, fmt.Errorf("engines: open native: provider %s needs the engine ort: %w", o.Provider, runtime.ErrUnavailable)
		}
		return o.on(native.New()), nil
	case "ort":
		return o.ort()
	case "auto", "":
		e, err := o.ort()
		if err == nil {
			return e, nil
		}
		if !onNative(o.Provider) {
			return nil, err
		}
		if o.Note != nil {
			noteOnce.Do(func() { o.Note("using the native engine: " + err.Error()) })
		}
		return o.on(native.New()), nil
	}
	return nil, fmt.Errorf("engines: open %q: want native, ort or auto: %w", name, ErrUnknown)
}

// onNative reports whether the native engine serves a request for this provider.
func onNative(provider string) bool {
	return provider == "" || provider == "cpu" || provider == "auto"
}

func (o Options) ort() (runtime.Engine, error) {
	e, err := ort.Open(ort.Config{Library: o.Library})
	if err != nil {
		return nil, err
	}
	if err := ort.CheckProvider(o.Provider); err != nil {
		return nil, err
	}
	return o.on(e), nil
}

func (o Options) on(e runtime.Engine) runtime.Engine {
	d := withDefaults{e, runtime.Options{Threads: o.Threads, Provider: o.Provider}}
	if l, ok := e.(runtime.Looper); ok {
		return looperWithDefaults{d, l}
	}
	return d
}

// withDefaults is an engine whose programs run as defaults say unless they are told otherwise.
type withDefaults struct {
	runtime.Engine
	defaults runtime.Options
}

func (e withDefaults) Compile(g *graph.Graph, o runtime.Options) (runtime.Program, error) {
	return e.Engine.Compile(g, e.fill(o))
}

func (e withDefaults) fill(o runtime.Options) runtime.Options {
	o.Threads = cmp.Or(o.Threads, e.defaults.Threads)
	o.Provider = cmp.Or(o.Provider, e.defaults.Provider)
	return o
}

// looperWithDefaults is withDefaults of an engine that keeps state on its device.
type looperWithDefaults struct {
	withDefaults
	looper runtime.Looper
}

func (e looperWithDefaults) Apart(o runtime.Options) (bool, error) { return e.looper.Apart(e.fill(o)) }

func (e looperWithDefaults) CompileLoop(g *graph.Graph, carry []runtime.Carry, o runtime.Options) (runtime.Loop, error) {
	return e.looper.CompileLoop(g, carry, e.fill(o))
}
