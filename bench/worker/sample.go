package worker

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// sampler draws pictures from a decoder: z from the prior, then pixels, black or white.
type sampler struct {
	*network
	z, x   []float32
	u      []float32 // uniform, a number for each pixel
	latent int
	batch  int
}

// pixels is the size of a picture.
const pixels = 784

// newSample takes NETWORK THREADS BATCH. The network iaf-decoder gives all pixels of a picture at once, made one after the
// other, each in the light of those before.
func newSample(args []string) (side.Task, error) {
	var name string
	var threads, batch int
	if err := scan(args, &name, &threads, &batch); err != nil {
		return nil, err
	}
	n, err := compile(name, "native", threads, batch)
	if err != nil {
		return nil, err
	}
	s := &sampler{network: n, batch: batch, x: make([]float32, batch*pixels), u: make([]float32, batch*pixels)}
	s.z = tensor.Data[float32](n.in[len(n.in)-1])
	s.latent = len(s.z) / batch
	if len(n.in) == 1 {
		return s, nil
	}
	s.x = tensor.Data[float32](n.in[0])
	return &pixelwise{sampler: s, means: make([]float32, batch*pixels)}, nil
}

// draw draws z and the uniform numbers.
func (s *sampler) draw() {
	for row := range s.batch {
		runtime.Noise{Stream: 1}.Normal(uint64(row), s.z[row*s.latent:(row+1)*s.latent])
		runtime.Noise{Stream: 2}.Uniform(uint64(row), s.u[row*pixels:(row+1)*pixels])
	}
}

// set draws pixel i of a row from its mean.
func (s *sampler) set(row, i int, mean float32) {
	at := row*pixels + i
	s.x[at] = 0
	if s.u[at] < mean {
		s.x[at] = 1
	}
}

func (s *sampler) Run() error {
	s.draw()
	if err := s.network.Run(); err != nil {
		return err
	}
	for row, mean := range s.means() {
		s.set(row/pixels, row%pixels, mean)
	}
	return nil
}

func (s *sampler) means() []float32 { return tensor.Data[float32](s.out[0]) }

// Check finds that the pixels are neither all black nor all white, and gives the number 1: what is drawn from one model is
// not what is drawn from another.
func (s *sampler) Check() ([]float32, error) {
	if err := s.Run(); err != nil {
		return nil, err
	}
	sum := 0.0
	for _, v := range s.x {
		sum += float64(v)
	}
	if share := sum / float64(len(s.x)); share < 0.1 || share > 0.9 {
		return nil, fmt.Errorf("%.2f of all pixels are white", share)
	}
	return []float32{1}, nil
}

// pixelwise is a sampler that runs the network once for each pixel.
type pixelwise struct {
	*sampler
	means []float32 // of each pixel when it was drawn
}

func (p *pixelwise) Run() error {
	p.draw()
	clear(p.x)
	for i := range pixels {
		if err := p.network.Run(); err != nil {
			return err
		}
		for row := range p.batch {
			mean := p.sampler.means()[row*pixels+i]
			p.means[row*pixels+i] = mean
			p.set(row, i, mean)
		}
	}
	return nil
}

// Check finds besides that the network, run on the finished pictures, gives each pixel the mean it was drawn from.
func (p *pixelwise) Check() ([]float32, error) {
	if err := p.Run(); err != nil {
		return nil, err
	}
	if err := p.network.Run(); err != nil {
		return nil, err
	}
	for i, mean := range p.sampler.means() {
		if d := math.Abs(float64(mean - p.means[i])); !(d < 1e-5) {
			return nil, fmt.Errorf("the mean of pixel %d was %g when it was drawn and is %g", i, p.means[i], mean)
		}
	}
	return []float32{1}, nil
}
