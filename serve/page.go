package serve

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/picture"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// card is what the page tells of a model.
type card struct {
	Name       string
	Shape      tensor.Shape
	Latent     int
	Likelihood models.Likelihood
	Pictures   bool // its rows can be shown
}

// page is what a browser gets for GET /: the models, their addresses, and samples to draw.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	data := struct {
		Version, Host     string
		Samples, MaxBatch int
		Models            []card
	}{Version: s.config.Version, Host: r.Host, Samples: min(64, s.config.MaxBatch), MaxBatch: s.config.MaxBatch}
	for _, name := range s.names {
		m := s.models[name].Manifest()
		data.Models = append(data.Models, card{name, m.Shape, m.Latent, m.Likelihood, picture.Shows(append([]int{1}, m.Shape...))})
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // a client that went away is not an error of ours
}

func wantsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }
