//go:build cgo

package ort

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/runtime"
)

// environment is ONNX Runtime's one environment in this process: the library cannot be loaded twice.
var environment struct {
	sync.Mutex
	library  string // "" until started
	version  string
	programs int // open ones: the library must outlive them
}

// start loads the library, once. Starting the same one again does nothing.
func start(path string) error {
	e := &environment
	e.Lock()
	defer e.Unlock()
	switch e.library {
	case path:
		return nil
	case "":
	default:
		return fmt.Errorf("this process already uses %s: %w", e.library, runtime.ErrUnavailable)
	}
	ortgo.SetSharedLibraryPath(path)
	// Every failure comes back as an error, so ONNX Runtime need not print it as well.
	if err := ortgo.InitializeEnvironment(ortgo.WithLogLevelFatal()); err != nil {
		return fmt.Errorf("%s: %w", startProblem(err), runtime.ErrUnavailable)
	}
	if err := loadAPI(path); err != nil {
		ortgo.DestroyEnvironment()
		return fmt.Errorf("%w: %w", err, runtime.ErrUnavailable)
	}
	e.library, e.version = path, ortgo.GetVersion()
	return nil
}

// startProblem says in the user's words what the binding's message means.
func startProblem(err error) string {
	msg := oneLine(err)
	if strings.Contains(msg, "setting ORT API base") {
		return fmt.Sprintf("version %s is too old; %s works", ortgo.GetVersion(), Version)
	}
	if _, after, ok := strings.Cut(msg, "Error loading ONNX shared library "); ok {
		if _, why, ok := strings.Cut(after, "\": "); ok {
			return why
		}
	}
	return msg
}

// Shutdown unloads the library. It fails while programs are open.
func Shutdown() error {
	e := &environment
	e.Lock()
	defer e.Unlock()
	if e.library == "" {
		return nil
	}
	if e.programs > 0 {
		return fmt.Errorf("ort: shutdown: %d programs are still open", e.programs)
	}
	unloadAPI()
	if err := ortgo.DestroyEnvironment(); err != nil {
		return fmt.Errorf("ort: shutdown: %s", oneLine(err))
	}
	e.library, e.version = "", ""
	return nil
}

func started() (library, version string) {
	environment.Lock()
	defer environment.Unlock()
	return environment.library, environment.version
}

func hold(n int) {
	environment.Lock()
	environment.programs += n
	environment.Unlock()
}

// find starts the first library of places that starts, and notes in each place what stood against it.
func find(places []Place) (int, error) {
	for i := range places {
		p := &places[i]
		if p.Problem != "" {
			continue
		}
		err := start(p.Path)
		if err == nil {
			return i, nil
		}
		p.Problem = strings.TrimSuffix(err.Error(), ": "+runtime.ErrUnavailable.Error())
	}
	return -1, errors.New(notFound(places))
}

// sourcePlace is a place in ONNX Runtime's source and the function there, before what is said of it.
var sourcePlace = regexp.MustCompile(`/onnxruntime_src/\S+:\d+ .*?\)>? ([A-Z])`)

// oneLine is err's message without line breaks, of which ONNX Runtime's often have several, and without the place in
// ONNX Runtime's source, the condition that its assertions begin with and what the binding puts before.
func oneLine(err error) string {
	msg := strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "Error creating C session: ")
	msg = sourcePlace.ReplaceAllString(msg, "$1")
	if _, after, ok := strings.Cut(msg, " was false. "); ok {
		return after
	}
	return msg
}
