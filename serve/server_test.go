package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/serve"
)

// newServer serves a small untrained VAE called "m": rows of 4x4, 3 latent units.
func newServer(t testing.TB, c serve.Config) (*httptest.Server, *models.VAE) {
	t.Helper()
	v, err := models.New(models.Config{Shape: []int{4, 4}, Latent: 3, Hidden: []int{8}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := serve.New(c)
	if err := s.Add("m", v); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(func() { srv.Close(); v.Close() })
	return srv, v
}

func do(t testing.TB, method, url, body string, header ...string) (int, []byte, http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b, resp.Header
}

func row(n int, v string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(v+",", n), ",") + "]"
}

func TestVerbsAnswer(t *testing.T) {
	srv, _ := newServer(t, serve.Config{})
	x := row(16, "0.5")
	for _, c := range []struct {
		name, verb, body string
		fields           map[string]int // field: numbers a row, 0 for a number
		rows             int
	}{
		{"encode gives a posterior per row", "encode", `{"x":[` + x + `,` + x + `]}`, map[string]int{"mean": 3, "logvar": 3}, 2},
		{"rows may be nested as the image is", "encode", `{"x":[[` + strings.Repeat(row(4, "1")+",", 3) + row(4, "0") + `]]}`, map[string]int{"mean": 3}, 1},
		{"decode gives an image per row", "decode", `{"z":[[0,1,-1]]}`, map[string]int{"x": 16}, 1},
		{"sample needs no fields", "sample", ``, map[string]int{"x": 16}, 1},
		{"sample draws n", "sample", `{"n":5,"seed":9}`, map[string]int{"x": 16}, 5},
		{"reconstruct", "reconstruct", `{"x":[` + x + `]}`, map[string]int{"x": 16}, 1},
		{"score with k has the importance-weighted bound", "score", `{"x":[` + x + `],"k":3,"seed":1}`, map[string]int{"elbo": 0, "kl": 0, "reconstruction": 0, "iwae": 0}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, b, _ := do(t, "POST", srv.URL+"/v1/models/m:"+c.verb, c.body)
			if status != 200 {
				t.Fatalf("%d %s", status, b)
			}
			var got map[string][]any
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			for field, width := range c.fields {
				if len(got[field]) != c.rows {
					t.Fatalf("%q has %d rows, want %d", field, len(got[field]), c.rows)
				}
				if r, ok := got[field][0].([]any); width > 0 && (!ok || len(r) != width) {
					t.Errorf("%q has rows %v, want %d numbers", field, got[field][0], width)
				}
			}
		})
	}
}

func TestSampleIsAFunctionOfTheSeed(t *testing.T) {
	srv, _ := newServer(t, serve.Config{})
	_, one, _ := do(t, "POST", srv.URL+"/v1/models/m:sample", `{"n":2,"seed":5}`)
	_, two, _ := do(t, "POST", srv.URL+"/v1/models/m:sample", `{"n":2,"seed":5}`)
	_, other, _ := do(t, "POST", srv.URL+"/v1/models/m:sample", `{"n":2,"seed":6}`)
	if !bytes.Equal(one, two) || bytes.Equal(one, other) {
		t.Errorf("same seed same answer: %v; another seed another answer: %v", bytes.Equal(one, two), !bytes.Equal(one, other))
	}
}

func TestSampleAsPicture(t *testing.T) {
	srv, _ := newServer(t, serve.Config{})
	status, b, h := do(t, "POST", srv.URL+"/v1/models/m:sample", `{"n":4}`, "Accept", "image/png")
	if status != 200 || h.Get("Content-Type") != "image/png" {
		t.Fatalf("%d %s %.80s", status, h.Get("Content-Type"), b)
	}
	if _, err := png.Decode(bytes.NewReader(b)); err != nil {
		t.Error(err)
	}
}

// Rows that are no pictures are refused as such, and are there as JSON.
func TestRowsThatAreNoPictures(t *testing.T) {
	v, err := models.New(models.Config{Shape: []int{5}, Latent: 2, Hidden: []int{4}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	s := serve.New(serve.Config{})
	if err := s.Add("m", v); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	if status, b, _ := do(t, "POST", srv.URL+"/v1/models/m:sample?format=png", `{}`); status != 400 || !bytes.Contains(b, []byte("JSON")) {
		t.Errorf("as a picture: %d %s", status, b)
	}
	if status, b, _ := do(t, "POST", srv.URL+"/v1/models/m:sample?format=json", `{}`, "Accept", "image/png"); status != 200 || b[0] != '{' {
		t.Errorf("as JSON: %d %s", status, b)
	}
	if _, b, _ := do(t, "GET", srv.URL+"/", "", "Accept", "text/html"); bytes.Contains(b, []byte("<form")) {
		t.Errorf("the page offers to draw: %s", b)
	}
}

func TestPageForBrowsers(t *testing.T) {
	srv, _ := newServer(t, serve.Config{MaxBatch: 9})
	status, b, h := do(t, "GET", srv.URL+"/", "", "Accept", "text/html,*/*")
	if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", status, h.Get("Content-Type"))
	}
	for _, says := range []string{`action="/v1/models/m:sample"`, `max="9"`, "[4,4]", "/v1/models/m:score"} {
		if !bytes.Contains(b, []byte(says)) {
			t.Errorf("%s is missing from %s", says, b)
		}
	}
	if _, b, h := do(t, "GET", srv.URL+"/", ""); h.Get("Content-Type") != "application/json" || !json.Valid(b) {
		t.Errorf("for programs: %s %s", h.Get("Content-Type"), b)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	srv, _ := newServer(t, serve.Config{MaxBatch: 3, MaxBody: 4096, MaxSamples: 10})
	x := row(16, "0")
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"no such model", "POST", "/v1/models/x:encode", `{}`, 404, "no model"},
		{"no such verb", "POST", "/v1/models/m:fly", `{}`, 404, "encode, decode"},
		{"no verb", "POST", "/v1/models/m", `{}`, 404, "does encode"},
		{"nothing there", "GET", "/nothing", ``, 404, "GET /"},
		{"a GET for a verb", "GET", "/v1/models/m:encode", ``, 405, "POST"},
		{"a POST for a page", "POST", "/v2/health/live", ``, 405, "GET"},
		{"DELETE", "DELETE", "/v2/models/m", ``, 405, "GET"},
		{"not JSON", "POST", "/v1/models/m:encode", `{"x":`, 400, "JSON"},
		{"an array for an object", "POST", "/v1/models/m:encode", `[1]`, 400, "JSON object"},
		{"x missing", "POST", "/v1/models/m:encode", `{}`, 400, "missing"},
		{"x empty", "POST", "/v1/models/m:encode", `{"x":[]}`, 400, "empty"},
		{"x flat", "POST", "/v1/models/m:encode", `{"x":` + x + `}`, 400, "array of rows"},
		{"rows too short", "POST", "/v1/models/m:encode", `{"x":[[1,0]]}`, 400, "takes 16"},
		{"ragged rows", "POST", "/v1/models/m:encode", `{"x":[[1,0],[1]]}`, 400, "row 1"},
		{"a string among numbers", "POST", "/v1/models/m:encode", `{"x":[["a"]]}`, 400, "number"},
		{"an object among numbers", "POST", "/v1/models/m:encode", `{"x":[[{}]]}`, 400, "object"},
		{"past float32", "POST", "/v1/models/m:encode", `{"x":[[1e99]]}`, 400, "float32"},
		{"nested too deep", "POST", "/v1/models/m:encode", `{"x":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`, 400, "deeper"},
		{"out of [0,1]", "POST", "/v1/models/m:encode", `{"x":[` + row(16, "7") + `]}`, 400, "[0,1]"},
		{"a field it does not know", "POST", "/v1/models/m:encode", `{"y":1}`, 400, `"y"`},
		{"a format it does not know", "POST", "/v1/models/m:sample?format=gif", `{}`, 400, "json or png"},
		{"a negative seed", "POST", "/v1/models/m:sample", `{"seed":-1}`, 400, "not negative"},
		{"n of no samples", "POST", "/v1/models/m:sample", `{"n":0}`, 400, "at least 1"},
		{"n of half a sample", "POST", "/v1/models/m:sample", `{"n":1.5}`, 400, "whole number"},
		{"null among numbers", "POST", "/v1/models/m:encode", `{"x":[[null]]}`, 400, "null"},
		{"a truth value among numbers", "POST", "/v1/models/m:encode", `{"x":[[true]]}`, 400, "truth value"},
		{"a null x", "POST", "/v1/models/m:encode", `{"x":null}`, 400, "missing"},
		{"n past the limit", "POST", "/v1/models/m:sample", `{"n":4}`, 413, "at most 3"},
		{"batch past the limit", "POST", "/v1/models/m:encode", `{"x":[` + x + `,` + x + `,` + x + `,` + x + `]}`, 413, "at most 3"},
		{"k past the limit", "POST", "/v1/models/m:score", `{"x":[` + x + `],"k":11}`, 400, "1 to 10"},
		{"n of the wrong type", "POST", "/v1/models/m:sample", `{"n":"four"}`, 400, "n"},
		{"body past the limit", "POST", "/v1/models/m:encode", `{"x":[` + row(5000, "0") + `]}`, 413, "4096"},
		{"OIP: no such model", "GET", "/v2/models/x", ``, 404, "no model"},
		{"OIP: no such part", "GET", "/v2/models/m.head", ``, 404, "decoder"},
		{"OIP: no inputs", "POST", "/v2/models/m/infer", `{}`, 400, `one input, "x"`},
		{"OIP: wrong type", "POST", "/v2/models/m/infer", `{"inputs":[{"name":"x","datatype":"INT8","shape":[1,4,4],"data":[]}]}`, 400, "FP32"},
		{"OIP: null among numbers", "POST", "/v2/models/m/infer", `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4,4],"data":[null]}]}`, 400, "null"},
		{"OIP: wrong shape", "POST", "/v2/models/m/infer", `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,5],"data":[1]}]}`, 400, "[-1,4,4]"},
		{"OIP: shape and data disagree", "POST", "/v2/models/m/infer", `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4,4],"data":[1]}]}`, 400, "16"},
		{"OIP: a huge shape", "POST", "/v2/models/m/infer", `{"inputs":[{"name":"x","datatype":"FP32","shape":[9223372036854775807,4,4],"data":[1]}]}`, 413, "at most 3"},
		{"OIP: no such output", "POST", "/v2/models/m/infer", `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4,4],"data":` + x + `}],"outputs":[{"name":"q"}]}`, 400, "mean, logvar"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, b, _ := do(t, c.method, srv.URL+c.path, c.body)
			var got struct{ Error string }
			if err := json.Unmarshal(b, &got); err != nil || status != c.status || !strings.Contains(got.Error, c.says) {
				t.Errorf("%d %s, want %d and %q", status, b, c.status, c.says)
			}
		})
	}
}

func TestWrongContentType(t *testing.T) {
	srv, _ := newServer(t, serve.Config{})
	if status, b, _ := do(t, "POST", srv.URL+"/v1/models/m:sample", `n=1`, "Content-Type", "text/plain"); status != 415 {
		t.Errorf("%d %s", status, b)
	}
}

func TestOpenInferenceProtocol(t *testing.T) {
	srv, _ := newServer(t, serve.Config{})
	if status, b, _ := do(t, "GET", srv.URL+"/v2/health/live", ""); status != 200 {
		t.Errorf("live: %d %s", status, b)
	}
	_, b, _ := do(t, "GET", srv.URL+"/v2/models/m", "")
	var meta struct {
		Name            string
		Inputs, Outputs []struct {
			Name, Datatype string
			Shape          []int
		}
	}
	if err := json.Unmarshal(b, &meta); err != nil || meta.Name != "m" || len(meta.Inputs) != 1 || fmt.Sprint(meta.Inputs[0].Shape) != "[-1 4 4]" {
		t.Errorf("metadata: %s", b)
	}
	body := `{"id":"7","inputs":[{"name":"x","datatype":"FP32","shape":[2,4,4],"data":` + row(32, "1") + `}],"outputs":[{"name":"logvar"},{"name":"reconstruction"}]}`
	status, b, _ := do(t, "POST", srv.URL+"/v2/models/m/infer", body)
	var out struct {
		ID      string
		Outputs []struct {
			Name  string
			Shape []int
			Data  []float32
		}
	}
	if err := json.Unmarshal(b, &out); err != nil || status != 200 {
		t.Fatalf("%d %s", status, b)
	}
	if out.ID != "7" || len(out.Outputs) != 2 || out.Outputs[0].Name != "logvar" || len(out.Outputs[1].Data) != 32 || fmt.Sprint(out.Outputs[1].Shape) != "[2 4 4]" {
		t.Errorf("%s", b)
	}
	// The decoder is a model of its own, and takes nested data too.
	status, b, _ = do(t, "POST", srv.URL+"/v2/models/m.decoder/infer", `{"inputs":[{"name":"z","datatype":"FP32","shape":[1,3],"data":[[0,0,0]]}]}`)
	if status != 200 || !bytes.Contains(b, []byte(`"name":"x"`)) {
		t.Errorf("%d %s", status, b)
	}
}

func TestServeStopsWhenAsked(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve.New(serve.Config{}).Serve(ctx, l) }()
	url := "http://" + l.Addr().String()
	for range 100 {
		if resp, err := http.Get(url + "/v2/health/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == 200 {
				break
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server did not stop")
	}
	if _, err := http.Get(url + "/v2/health/live"); err == nil {
		t.Error("the server still answers")
	}
}

func FuzzBodies(f *testing.F) {
	srv, _ := newServer(f, serve.Config{MaxBatch: 4, MaxBody: 1 << 16, MaxSamples: 4})
	f.Add("/v1/models/m:encode", `{"x":[[0,1]]}`)
	f.Add("/v1/models/m:sample", `{"n":2,"seed":18446744073709551615}`)
	f.Add("/v1/models/m:score", `{"x":[[[[]]]],"k":-1}`)
	f.Add("/v2/models/m/infer", `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,-4,-4],"data":[null]}]}`)
	paths := []string{"/v1/models/m:encode", "/v1/models/m:decode", "/v1/models/m:sample", "/v1/models/m:score", "/v2/models/m/infer"}
	f.Fuzz(func(t *testing.T, path, body string) {
		known := false
		for _, p := range paths {
			known = known || p == path
		}
		if !known {
			path = paths[len(path)%len(paths)]
		}
		status, b, _ := do(t, "POST", srv.URL+path, body)
		if status >= 500 {
			t.Errorf("%s %q: %d %s", path, body, status, b)
		}
		if !json.Valid(b) {
			t.Errorf("%s %q: answer %q is not JSON", path, body, b)
		}
	})
}
