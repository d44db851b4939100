package serve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/serve"
)

// start serves a small VAE on a free port until the context that stop ends.
func start(t *testing.T, c serve.Config) (addr string, stop func(), stopped <-chan error) {
	t.Helper()
	v, err := models.New(models.Config{Shape: []int{4, 4}, Latent: 3, Hidden: []int{8}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := serve.New(c)
	if err := s.Add("m", v); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done, ended := make(chan error, 1), make(chan struct{})
	go func() { done <- s.Serve(ctx, l); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended; v.Close() })
	return l.Addr().String(), cancel, done
}

// Answers under load are those of one request at a time, whatever runs beside it.
func TestConcurrentClients(t *testing.T) {
	srv, _ := newServer(t, serve.Config{})
	x := row(16, "0.25")
	calls := []struct{ path, body string }{
		{"/v1/models/m:encode", `{"x":[` + x + `,` + x + `]}`},
		{"/v1/models/m:decode", `{"z":[[0,1,-1]]}`},
		{"/v1/models/m:sample", `{"n":7,"seed":3}`},
		{"/v1/models/m:reconstruct", `{"x":[` + x + `]}`},
		{"/v1/models/m:score", `{"x":[` + x + `],"k":5,"seed":2}`},
		{"/v2/models/m/infer", `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4,4],"data":` + x + `}]}`},
		{"/v1/models/m:encode", `{"x":[[1]]}`},
		{"/v1/models/m:sample", `{"n":`},
	}
	want := make([][]byte, len(calls))
	for i, c := range calls {
		_, want[i], _ = do(t, "POST", srv.URL+c.path, c.body)
	}
	var clients sync.WaitGroup
	for client := range 8 {
		clients.Go(func() {
			for k := range 40 {
				i := (client + k) % len(calls)
				resp, err := http.Post(srv.URL+calls[i].path, "application/json", strings.NewReader(calls[i].body))
				if err != nil {
					t.Error(err)
					return
				}
				b, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !bytes.Equal(b, want[i]) {
					t.Errorf("%s: %d %s (%v), alone it is %s", calls[i].path, resp.StatusCode, b, err, want[i])
				}
			}
		})
	}
	clients.Wait()
}

// half sends the head and half of a request's body and returns how to send the rest.
func half(t *testing.T, addr, body string) (net.Conn, func()) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "POST /v1/models/m:encode HTTP/1.1\r\nHost: elbo\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:len(body)/2])
	return c, func() { io.WriteString(c, body[len(body)/2:]) }
}

func TestRequestInFlightIsAnsweredBeforeTheServerStops(t *testing.T) {
	addr, stop, stopped := start(t, serve.Config{})
	c, rest := half(t, addr, `{"x":[`+row(16, "1")+`]}`)
	waitUntilBusy(t, addr)
	stop()
	rest()
	answer, err := io.ReadAll(c)
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 OK")) || !bytes.Contains(answer, []byte("logvar")) {
		t.Errorf("%v %s", err, answer)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// waitUntilBusy waits until the server answers: what was sent to it before is being read by then.
func waitUntilBusy(t *testing.T, addr string) {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/v2/health/live")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	time.Sleep(50 * time.Millisecond)
}

func TestSlowClientIsCutOff(t *testing.T) {
	addr, _, _ := start(t, serve.Config{Timeout: 200 * time.Millisecond})
	c, _ := half(t, addr, `{"x":[`+row(16, "1")+`]}`)
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("the server still waits for the rest: %s", answer)
	}
	if !bytes.Contains(answer, []byte(`{"error":"read the body`)) {
		t.Errorf("%v %s", err, answer)
	}
}

func TestBodiesOfAllRequestsAreBounded(t *testing.T) {
	body := `{"x":[` + row(16, "1") + `]}`
	addr, _, _ := start(t, serve.Config{MaxBodies: int64(len(body)) + 10})
	_, rest := half(t, addr, body)
	url := "http://" + addr + "/v1/models/m:encode"
	until := func(status int, says string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			got, b, _ := do(t, "POST", url, body)
			if got == status && bytes.Contains(b, []byte(says)) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d %s, want %d", got, b, status)
			}
		}
	}
	until(503, "try again")
	rest()
	until(200, "mean")
}

func TestOptionsTellTheMethods(t *testing.T) {
	srv, _ := newServer(t, serve.Config{})
	for path, want := range map[string]string{"/v1/models/m:encode": "POST, OPTIONS", "/v2/models/m": "GET, OPTIONS"} {
		if status, b, h := do(t, "OPTIONS", srv.URL+path, ""); status != 204 || h.Get("Allow") != want {
			t.Errorf("%s: %d %q %s", path, status, h.Get("Allow"), b)
		}
	}
	if status, _, _ := do(t, "HEAD", srv.URL+"/v2/health/live", ""); status != 200 {
		t.Errorf("HEAD: %d", status)
	}
}
