// Package serve answers requests for encoding, decoding, sampling, reconstruction and scoring over HTTP.
//
// Two dialects share one set of models: the Open Inference Protocol under /v2, for clients that know it, and a plain
// one under /v1, with a verb for each thing that a VAE does.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/elbo-ml/elbo/models"
)

// Config are the server's limits and its log. Zero values stand for the defaults.
type Config struct {
	// MaxBody bounds a request's body in bytes (default 64 MiB).
	MaxBody int64
	// MaxBodies bounds the bytes of the bodies of all requests at once (default 4 of the largest); more get 503 and Retry-After.
	MaxBodies int64
	// MaxBatch bounds the rows of one request (default 4096).
	MaxBatch int
	// MaxSamples bounds the posterior samples per row of a score (default 5000).
	MaxSamples int
	// MaxConcurrent bounds the requests that run a model at once (default 64); more get 503 and Retry-After.
	MaxConcurrent int
	// Timeout bounds the time to read a request and, apart from it, the time to answer (default 60 s).
	Timeout time.Duration
	// Grace is how long Serve waits for the requests in flight when it stops (default 10 s).
	Grace time.Duration
	Log   *slog.Logger
	// Version is what the server says of itself.
	Version string
}

// ErrName: a model's name cannot stand in a path, or is taken.
var ErrName = errors.New("bad model name")

// Server holds the models and answers for them. Add models before serving.
type Server struct {
	config Config
	models map[string]*models.VAE
	names  []string
	slots  chan struct{}
	held   atomic.Int64 // bytes of the bodies of requests
	ready  atomic.Bool
}

// New makes a server without models.
func New(c Config) *Server {
	c.MaxBody = orDefault(c.MaxBody, 64<<20)
	c.MaxBodies = orDefault(c.MaxBodies, 4*c.MaxBody)
	c.MaxBatch = orDefault(c.MaxBatch, 4096)
	c.MaxSamples = orDefault(c.MaxSamples, 5000)
	c.MaxConcurrent = orDefault(c.MaxConcurrent, 64)
	c.Timeout = orDefault(c.Timeout, time.Minute)
	c.Grace = orDefault(c.Grace, 10*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{config: c, models: map[string]*models.VAE{}, slots: make(chan struct{}, c.MaxConcurrent)}
}

func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

var modelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Add serves v under name. The server does not close it.
func (s *Server) Add(name string, v *models.VAE) error {
	if !modelName.MatchString(name) {
		return fmt.Errorf("serve: model name %q: use letters, digits, - and _, at most 64: %w", name, ErrName)
	}
	if s.models[name] != nil {
		return fmt.Errorf("serve: two models are called %q: %w", name, ErrName)
	}
	s.models[name] = v
	s.names = append(s.names, name)
	slices.Sort(s.names)
	return nil
}

// Serve answers on l until ctx ends, then lets the requests in flight finish.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       s.config.Timeout,
		WriteTimeout:      3 * s.config.Timeout, // from the header on: reading, running, and a client that reads slowly
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		s.ready.Store(false)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Grace)
		defer cancel()
		stopped <- srv.Shutdown(grace)
	}()
	s.ready.Store(true)
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("serve: stop: some requests did not finish within %v: %w", s.config.Grace, err)
	}
	return nil
}

// Handler is the server's routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.routeOIP(mux)
	s.routeVAE(mux)
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.elsewhere(mux, w, r) })
	return s.logged(mux)
}

// elsewhere answers what no route takes: with the methods that the path has, if it has any.
func (s *Server) elsewhere(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := mux.Handler(probe); strings.HasPrefix(pattern, method+" ") {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		s.fail(w, r, statusError{http.StatusNotFound, fmt.Errorf("there is nothing at %s; GET / lists what there is", r.URL.Path)})
		return
	}
	methods := strings.Join(append(allow, http.MethodOptions), ", ")
	w.Header().Set("Allow", methods)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.fail(w, r, statusError{http.StatusMethodNotAllowed, fmt.Errorf("%s is not for %s; it takes %s", r.Method, r.URL.Path, methods)})
}

// index lists the models and the addresses to try, for a browser as a page.
func (s *Server) index(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	if wantsHTML(r) {
		s.page(w, r)
		return
	}
	type entry struct {
		Name  string   `json:"name"`
		Verbs []string `json:"verbs"`
		OIP   string   `json:"open_inference_protocol"`
	}
	list := make([]entry, len(s.names))
	for i, name := range s.names {
		e := entry{Name: name, OIP: "/v2/models/" + name}
		for _, verb := range verbs {
			e.Verbs = append(e.Verbs, "/v1/models/"+name+":"+verb.name)
		}
		list[i] = e
	}
	writeJSON(w, http.StatusOK, map[string]any{"server": "elbo", "version": s.config.Version, "models": list})
}

// model finds a model by name.
func (s *Server) model(name string) (*models.VAE, error) {
	if v := s.models[name]; v != nil {
		return v, nil
	}
	return nil, statusError{http.StatusNotFound, fmt.Errorf("there is no model %q; GET / lists the models", name)}
}

// acquire takes one of the slots for running a model. The context ends when the time for one request is over; done gives
// the slot back.
func (s *Server) acquire(r *http.Request) (ctx context.Context, done func(), err error) {
	select {
	case s.slots <- struct{}{}:
		ctx, cancel := context.WithTimeout(r.Context(), s.config.Timeout)
		return ctx, func() { cancel(); <-s.slots }, nil
	default:
		return nil, nil, statusError{http.StatusServiceUnavailable, fmt.Errorf("%d requests are running already; try again", s.config.MaxConcurrent)}
	}
}
