package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync/atomic"
)

// body reads a JSON body within the limits; no body counts as {}. Its bytes count against what all the requests may hold
// until done is called, so that many large or slow ones cannot take the memory of the rest.
func (s *Server) body(w http.ResponseWriter, r *http.Request) (raw []byte, done func(), err error) {
	if ct := r.Header.Get("Content-Type"); ct != "" {
		kind, _, err := mime.ParseMediaType(ct)
		// curl -d says application/x-www-form-urlencoded unless told otherwise; the one-line trial must work.
		if err != nil || kind != "application/json" && kind != "application/x-www-form-urlencoded" {
			return nil, nil, statusError{http.StatusUnsupportedMediaType, fmt.Errorf("content type %q: send application/json", ct)}
		}
	}
	limit := s.config.MaxBody
	if r.ContentLength > limit {
		return nil, nil, statusError{http.StatusRequestEntityTooLarge, fmt.Errorf("the body has %d bytes; this server takes at most %d", r.ContentLength, limit)}
	}
	counted := &countedReader{from: http.MaxBytesReader(w, r.Body, limit), held: &s.held, limit: s.config.MaxBodies}
	var b bytes.Buffer
	var tooLarge *http.MaxBytesError
	switch _, err := b.ReadFrom(counted); {
	case errors.As(err, &tooLarge):
		counted.release()
		return nil, nil, fmt.Errorf("the body is larger than %d bytes, which is all this server takes: %w", limit, err)
	case errors.Is(err, errFull):
		counted.release()
		return nil, nil, statusError{http.StatusServiceUnavailable, err}
	case err != nil:
		counted.release()
		return nil, nil, badRequest(fmt.Errorf("read the body: %w", err))
	case b.Len() == 0:
		return []byte("{}"), counted.release, nil
	}
	return b.Bytes(), counted.release, nil
}

var errFull = errors.New("the requests that are running hold as much data as this server takes at once; try again")

// countedReader adds what it reads to what all the requests hold. A slow client holds what it has sent, not what it said
// it would send.
type countedReader struct {
	from  io.Reader
	held  *atomic.Int64
	limit int64
	n     int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	if c.held.Add(int64(n)) > c.limit {
		return n, errFull
	}
	return n, err
}

func (c *countedReader) release() { c.held.Add(-c.n) }
