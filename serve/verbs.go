package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	png, err := wantsPNG(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	a, err := s.answer(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if a.images == nil || !png {
		writeJSON(w, http.StatusOK, a.body)
		return
	}
	var b bytes.Buffer
	if err := picture.Encode(&b, a.images, picture.Options{}); err != nil {
		s.fail(w, r, badRequest(fmt.Errorf("%w; ask for JSON instead", err)))
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(b.Bytes()) // a client that went away is not an error of ours
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
		raw, done, err := s.body(w, r)
		if err != nil {
			return nil, err
		}
		defer done()
		req, err := verb.decode(raw)
		if err != nil {
			return nil, err
		}
		ctx, done, err := s.acquire(r)
		if err != nil {
			return nil, err
		}
		defer done()
		return verb.do(s, ctx, v, req)
	}
	return nil, statusError{http.StatusNotFound, fmt.Errorf("a model does not do %q; it does encode, decode, sample, reconstruct and score", verbName)}
}

// list is the verb's fields as a person writes them.
func (v verb) list() string { return strings.ReplaceAll(v.fields, " ", ", ") }

// decode reads the fields of a body and refuses those that the verb does not know.
func (v verb) decode(raw []byte) (*request, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			err = fmt.Errorf("it is a JSON %s", wrong.Value)
		}
		return nil, badRequest(fmt.Errorf("the body must be a JSON object with %s: %w", v.list(), err))
	}
	req := &request{}
	to := map[string]any{"x": &req.X, "z": &req.Z, "n": &req.N, "seed": &req.Seed, "k": &req.K}
	for name, raw := range fields {
		if !slices.Contains(strings.Fields(v.fields), name) {
			return nil, badRequest(fmt.Errorf("%s does not know the field %q; it takes %s", v.name, name, v.list()))
		}
		if err := json.Unmarshal(raw, to[name]); err != nil {
			var wrong *json.UnmarshalTypeError
			if errors.As(err, &wrong) {
				err = fmt.Errorf("it must be a whole number%s, and is %.40s", sign(name), raw)
			}
			return nil, badRequest(fmt.Errorf("%q: %w", name, err))
		}
	}
	return req, nil
}

// sign tells of the one field that takes no negative number.
func sign(field string) string {
	if field == "seed" {
		return " that is not negative"
	}
	return ""
}

// wantsPNG reports whether the client asks for a picture: by ?format=, else by the header Accept.
func wantsPNG(r *http.Request) (bool, error) {
	switch format := r.URL.Query().Get("format"); format {
	case "":
		return strings.Contains(r.Header.Get("Accept"), "image/png"), nil
	case "json", "png":
		return format == "png", nil
	default:
		return false, badRequest(fmt.Errorf("the format is json or png, not %.40q", format))
	}
}
