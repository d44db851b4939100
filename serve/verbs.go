package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/picture"
)

// request is the body of every /v1 verb; each reads the fields it needs.
type request struct {
	X    *rows  `json:"x"`
	Z    *rows  `json:"z"`
	N    *int   `json:"n"`
	Seed uint64 `json:"seed"`
	K    *int   `json:"k"`
}

// answer is what a verb gives: the JSON to write, and the pictures if the client asks for image/png instead.
type answer struct {
	body   any
	images *tensor.Tensor
}

// verb is one thing a model does under /v1/models/{model}:{verb}.
type verb struct {
	name   string
	fields string // the fields its body may have
	do     func(s *Server, ctx context.Context, v *models.VAE, r *request) (*answer, error)
}

var verbs = []verb{
	{"encode", "x", (*Server).encode},
	{"decode", "z", (*Server).decode},
	{"sample", "n seed", (*Server).sample},
	{"reconstruct", "x", (*Server).reconstruct},
	{"score", "x k seed", (*Server).score},
}

func (s *Server) routeVAE(mux *http.ServeMux) {
	// ServeMux has no pattern for "{model}:{verb}", so one wildcard takes both.
	mux.HandleFunc("POST /v1/models/{call}", s.call)
	mux.HandleFunc("GET /v1/models", s.index)
}

func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	a, err := s.answer(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if a.images == nil || !wantsPNG(r) {
		writeJSON(w, http.StatusOK, a.body)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	if err := picture.Encode(w, a.images, picture.Options{}); err != nil {
		s.config.Log.Warn("picture not sent", "err", err)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) (*answer, error) {
	name, verbName, _ := strings.Cut(r.PathValue("call"), ":")
	v, err := s.model(name)
	if err != nil {
		return nil, err
	}
	for _, verb := range verbs {
		if verb.name != verbName {
			continue
		}
		req, err := s.read(w, r, verb)
		if err != nil {
			return nil, err
		}
		release, err := s.acquire()
		if err != nil {
			return nil, err
		}
		defer release()
		ctx, cancel := context.WithTimeout(r.Context(), s.config.Timeout)
		defer cancel()
		return verb.do(s, ctx, v, req)
	}
	return nil, statusError{http.StatusNotFound, fmt.Errorf("a model does not do %q; it does encode, decode, sample, reconstruct and score", verbName)}
}

// read takes the body within the limits and refuses fields that the verb does not know.
func (s *Server) read(w http.ResponseWriter, r *http.Request, v verb) (*request, error) {
	raw, err := readBody(w, r, s.config.MaxBody)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	var req request
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, badRequest(fmt.Errorf("the body must be a JSON object with %s: %w", v.fields, err))
	}
	for name := range fields {
		if !strings.Contains(" "+v.fields+" ", " "+name+" ") {
			return nil, badRequest(fmt.Errorf("%s does not know the field %q; it takes %s", v.name, name, strings.ReplaceAll(v.fields, " ", ", ")))
		}
	}
	if err := json.Unmarshal(raw, &req); err != nil {
		return nil, badRequest(fmt.Errorf("body: %w", err))
	}
	return &req, nil
}

// readBody reads a JSON body of at most limit bytes; no body counts as {}.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if ct := r.Header.Get("Content-Type"); ct != "" {
		kind, _, err := mime.ParseMediaType(ct)
		// curl -d says application/x-www-form-urlencoded unless told otherwise; the one-line trial must work.
		if err != nil || kind != "application/json" && kind != "application/x-www-form-urlencoded" {
			return nil, statusError{http.StatusUnsupportedMediaType, fmt.Errorf("content type %q: send application/json", ct)}
		}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fmt.Errorf("the body is larger than %d bytes: %w", limit, err)
	case err != nil:
		return nil, badRequest(fmt.Errorf("read the body: %w", err))
	case len(raw) == 0:
		return []byte("{}"), nil
	}
	return raw, nil
}

func wantsPNG(r *http.Request) bool {
	return r.URL.Query().Get("format") == "png" || strings.Contains(r.Header.Get("Accept"), "image/png")
}
