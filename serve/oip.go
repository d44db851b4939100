package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
)

// The Open Inference Protocol, version 2, over JSON. A bundle called m is two models of the protocol:
//
//	m          x -> mean, logvar, reconstruction
//	m.decoder  z -> x

type oipTensor struct {
	Name       string         `json:"name"`
	Datatype   string         `json:"datatype"`
	Shape      []int          `json:"shape"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Data       oipData        `json:"data,omitempty"`
}

// oipData are the elements, flat or nested, in row-major order.
type oipData []float32

func (d *oipData) UnmarshalJSON(b []byte) error {
	var r rows
	if err := r.scan(b, true); err != nil {
		return err
	}
	*d = r.data
	return nil
}

type oipRequest struct {
	ID         string         `json:"id"`
	Parameters map[string]any `json:"parameters"`
	Inputs     []oipTensor    `json:"inputs"`
	Outputs    []struct {
		Name       string         `json:"name"`
		Parameters map[string]any `json:"parameters"`
	} `json:"outputs"`
}

type oipResponse struct {
	ModelName    string      `json:"model_name"`
	ModelVersion string      `json:"model_version,omitempty"`
	ID           string      `json:"id,omitempty"`
	Outputs      []oipTensor `json:"outputs"`
}

// oipModel is one model of the protocol: its single input, its outputs, and how to compute those that are wanted.
type oipModel struct {
	input   oipTensor
	outputs []oipTensor
	infer   func(ctx context.Context, in *tensor.Tensor, want func(string) bool) (map[string]*tensor.Tensor, error)
}

func (s *Server) routeOIP(mux *http.ServeMux) {
	mux.HandleFunc("GET /v2", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"name": "elbo", "version": s.config.Version, "extensions": []string{}})
	})
	mux.HandleFunc("GET /v2/health/live", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]bool{"live": true})
	})
	mux.HandleFunc("GET /v2/health/ready", func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		if !s.ready.Load() {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, map[string]bool{"ready": status == http.StatusOK})
	})
	mux.HandleFunc("GET /v2/models/{model}", s.oipMetadata)
	mux.HandleFunc("GET /v2/models/{model}/ready", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.oipModel(r.PathValue("model")); err != nil {
			s.fail(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"name": r.PathValue("model"), "ready": true})
	})
	mux.HandleFunc("POST /v2/models/{model}/infer", func(w http.ResponseWriter, r *http.Request) {
		resp, err := s.oipInfer(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, resp)
	})
}

const fp32 = "FP32"

func (s *Server) oipModel(name string) (*oipModel, error) {
	base, part, isPart := strings.Cut(name, ".")
	v, err := s.model(base)
	if err != nil {
		return nil, err
	}
	m := v.Manifest()
	x := oipTensor{Name: "x", Datatype: fp32, Shape: append([]int{-1}, m.Shape...)}
	latent := []int{-1, m.Latent}
	switch {
	case !isPart:
		return &oipModel{input: x, infer: inferEncoder(v), outputs: []oipTensor{
			{Name: "mean", Datatype: fp32, Shape: latent},
			{Name: "logvar", Datatype: fp32, Shape: latent},
			{Name: "reconstruction", Datatype: fp32, Shape: x.Shape}}}, nil
	case part == "decoder":
		return &oipModel{input: oipTensor{Name: "z", Datatype: fp32, Shape: latent}, infer: inferDecoder(v), outputs: []oipTensor{x}}, nil
	}
	return nil, statusError{http.StatusNotFound, fmt.Errorf("model %q has no part %q; it has %q", base, part, "decoder")}
}

func inferEncoder(v *models.VAE) func(context.Context, *tensor.Tensor, func(string) bool) (map[string]*tensor.Tensor, error) {
	return func(ctx context.Context, x *tensor.Tensor, want func(string) bool) (map[string]*tensor.Tensor, error) {
		q, err := v.Encode(ctx, x)
		if err != nil {
			return nil, err
		}
		out := map[string]*tensor.Tensor{"mean": q.Mean, "logvar": q.LogVar}
		if want("reconstruction") {
			if out["reconstruction"], err = v.Decode(ctx, q.Mean); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

func inferDecoder(v *models.VAE) func(context.Context, *tensor.Tensor, func(string) bool) (map[string]*tensor.Tensor, error) {
	return func(ctx context.Context, z *tensor.Tensor, _ func(string) bool) (map[string]*tensor.Tensor, error) {
		x, err := v.Decode(ctx, z)
		return map[string]*tensor.Tensor{"x": x}, err
	}
}

func (s *Server) oipMetadata(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("model")
	m, err := s.oipModel(name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"name": name, "versions": []string{"1"}, "platform": "onnx", "inputs": []oipTensor{m.input}, "outputs": m.outputs,
	})
}

func (s *Server) oipInfer(w http.ResponseWriter, r *http.Request) (*oipResponse, error) {
	name := r.PathValue("model")
	m, err := s.oipModel(name)
	if err != nil {
		return nil, err
	}
	raw, done, err := s.body(w, r)
	if err != nil {
		return nil, err
	}
	defer done()
	var req oipRequest
	if err := json.Unmarshal(raw, &req); err != nil {
		return nil, badRequest(fmt.Errorf("the body is not an inference request: %w", err))
	}
	in, err := m.take(req.Inputs, s.config.MaxBatch)
	if err != nil {
		return nil, err
	}
	wanted, err := m.wanted(&req)
	if err != nil {
		return nil, err
	}
	ctx, done, err := s.acquire(r)
	if err != nil {
		return nil, err
	}
	defer done()
	got, err := m.infer(ctx, in, func(output string) bool {
		for _, o := range wanted {
			if o == output {
				return true
			}
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	resp := &oipResponse{ModelName: name, ModelVersion: "1", ID: req.ID}
	for _, o := range wanted {
		t := got[o]
		resp.Outputs = append(resp.Outputs, oipTensor{Name: o, Datatype: fp32, Shape: t.Shape(), Data: tensor.Data[float32](t)})
	}
	return resp, nil
}

// take checks the request's one input against the model's.
func (m *oipModel) take(inputs []oipTensor, maxBatch int) (*tensor.Tensor, error) {
	if len(inputs) != 1 || inputs[0].Name != m.input.Name {
		return nil, badRequest(fmt.Errorf("this model takes one input, %q of shape %v; the request has %d", m.input.Name, tensor.Shape(m.input.Shape), len(inputs)))
	}
	in := inputs[0]
	if in.Datatype != fp32 {
		return nil, badRequest(fmt.Errorf("input %q has datatype %q; this model takes %s", in.Name, in.Datatype, fp32))
	}
	if in.Parameters["binary_data_size"] != nil {
		return nil, badRequest(fmt.Errorf("input %q comes as binary data; this server takes JSON", in.Name))
	}
	row := m.input.Shape[1:]
	if len(in.Shape) < 1 || in.Shape[0] < 1 || !tensor.Shape(in.Shape[1:]).Equal(row) {
		return nil, badRequest(fmt.Errorf("input %q has shape %v; this model takes %v, -1 being the batch", in.Name, tensor.Shape(in.Shape), tensor.Shape(m.input.Shape)))
	}
	if err := checkBatch(in.Shape[0], maxBatch); err != nil {
		return nil, err
	}
	t, err := tensor.Wrap(in.Data, in.Shape...)
	if err != nil {
		return nil, badRequest(fmt.Errorf("input %q: shape %v wants %d numbers, data has %d", in.Name, tensor.Shape(in.Shape), tensor.Shape(in.Shape).Size(), len(in.Data)))
	}
	return t, nil
}

// wanted are the outputs to answer with: those asked for, else all.
func (m *oipModel) wanted(req *oipRequest) ([]string, error) {
	var names []string
	for _, o := range m.outputs {
		names = append(names, o.Name)
	}
	if len(req.Outputs) == 0 {
		return names, nil
	}
	var want []string
	for _, o := range req.Outputs {
		known := false
		for _, name := range names {
			known = known || name == o.Name
		}
		if !known {
			return nil, badRequest(fmt.Errorf("there is no output %q; the model gives %s", o.Name, strings.Join(names, ", ")))
		}
		want = append(want, o.Name)
	}
	return want, nil
}
