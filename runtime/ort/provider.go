//go:build cgo

package ort

import (
	"fmt"
	goruntime "runtime"
	"slices"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/runtime"
)

func known(provider string) bool {
	return provider == "" || provider == "auto" || slices.Contains(Providers, provider)
}

// sessionOptions are ONNX Runtime's settings for o, with o.Provider started.
func sessionOptions(o runtime.Options) (*ortgo.SessionOptions, error) {
	s, err := ortgo.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads <= 0 {
		threads = goruntime.GOMAXPROCS(0)
	}
	if err := s.SetIntraOpNumThreads(threads); err != nil {
		return nil, destroyed(s, err)
	}
	if err := appendProvider(s, o.Provider); err != nil {
		return nil, destroyed(s, err)
	}
	return s, nil
}

func destroyed(s *ortgo.SessionOptions, err error) error {
	s.Destroy()
	return err
}

func appendProvider(s *ortgo.SessionOptions, provider string) error {
	switch provider {
	case "cpu":
		return nil
	case "cuda":
		cuda, err := ortgo.NewCUDAProviderOptions()
		if err != nil {
			return err
		}
		defer cuda.Destroy()
		return s.AppendExecutionProviderCUDA(cuda)
	case "tensorrt":
		trt, err := ortgo.NewTensorRTProviderOptions()
		if err != nil {
			return err
		}
		defer trt.Destroy()
		return s.AppendExecutionProviderTensorRT(trt)
	case "coreml":
		return s.AppendExecutionProviderCoreMLV2(nil)
	case "directml":
		// DirectML refuses memory patterns: it plans its own memory.
		if err := s.SetMemPattern(false); err != nil {
			return err
		}
		return s.AppendExecutionProviderDirectML(0)
	case "webgpu":
		return s.AppendExecutionProvider("WebGPU", nil)
	}
	return fmt.Errorf("unknown provider %q", provider)
}

// automatic are the providers that auto tries, best first. TensorRT is left out: it compiles for minutes before the
// first answer. cpu ends the list and always starts.
func automatic() []string {
	switch goruntime.GOOS {
	case "darwin":
		return []string{"coreml", "cpu"}
	case "windows":
		return []string{"cuda", "directml", "cpu"}
	}
	return []string{"cuda", "cpu"}
}
