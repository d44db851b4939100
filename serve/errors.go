package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// statusError is an error with the HTTP status that tells whose it is.
type statusError struct {
	status int
	error
}

func (e statusError) Unwrap() error { return e.error }

// badRequest says that the request, not the server, must change.
func badRequest(err error) error { return statusError{http.StatusBadRequest, err} }

// statusOf maps an error to its status: what does not fit the model is the caller's, what is left is ours.
func statusOf(err error) int {
	var se statusError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &se):
		return se.status
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, context.Canceled):
		return 499 // the client went away; nobody reads this
	case errors.Is(err, models.ErrInput), errors.Is(err, runtime.ErrInput), errors.Is(err, tensor.ErrShape):
		return http.StatusBadRequest
	case errors.Is(err, models.ErrClosed), errors.Is(err, runtime.ErrClosed):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail answers with {"error": "..."}.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	if status >= 500 {
		s.config.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that went away is not an error of ours
}
