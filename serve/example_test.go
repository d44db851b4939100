package serve_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/serve"
)

// A model in a server of your own, beside its other handlers.
func Example() {
	vae, err := models.Open("builtin:mnist")
	if err != nil {
		log.Fatal(err)
	}
	defer vae.Close()
	s := serve.New(serve.Config{MaxBatch: 64})
	if err := s.Add("mnist", vae); err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.Handler())
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	srv := httptest.NewServer(mux) // http.ListenAndServe(addr, mux) elsewhere
	defer srv.Close()

	resp, err := http.Post(srv.URL+"/v1/models/mnist:sample", "application/json", strings.NewReader(`{"n":2,"seed":7}`))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var digits struct{ X [][]float32 }
	if err := json.NewDecoder(resp.Body).Decode(&digits); err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, len(digits.X), "rows of", len(digits.X[0]))
	// Output: 200 OK 2 rows of 784
}
