package adam

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/network"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// batch is the size of a minibatch of the races.
const batch = 128

// workload is a model and its data, and the optimisers that race on it.
type workload struct {
	name, title string
	// open gives the labelled rows to train on and to test with.
	open func(l *reproduce.Lab) (train, test data.Source, err error)
	net  func(seed uint64) (*graph.Graph, error)
	// dropout is the noise, or nil.
	dropout *train.VariationalOptions
	// decay: the rate falls as 1/sqrt(t), where the optimiser does not see to it.
	decay bool
	// entries are the optimisers, with the learning rates that a full run chooses from; a quick run takes the first.
	entries []entry
	// epochs is the length of a full run of three hours, unless the paper's is shorter, quick that of a quick one.
	epochs, quick float64
	// beats are the optimisers that Adam must come as far as, within a tenth of the loss, in a short run too. (AdaGrad and AdaDelta start faster
	// on networks, and fall behind later.)
	beats []rival
}

type entry struct {
	rival
	rates []float64
}

// paperEpochs is where the paper's figures end.
const paperEpochs = 45

func digits(l *reproduce.Lab) (train, test data.Source, err error) {
	if train, err = l.Labelled("mnist", data.Train, 10); err != nil {
		return nil, nil, err
	}
	test, err = l.Labelled("mnist", data.Test, 10)
	return train, test, err
}

var workloads = []workload{
	{
		name: "logistic", title: "Logistic regression, MNIST (figure 1, left)", open: digits, decay: true, epochs: 540, quick: 2,
		net:     func(seed uint64) (*graph.Graph, error) { return network.MLP(seed, 784, 10) },
		entries: []entry{{adam, []float64{0.1, 0.03, 0.3}}, {nesterov, []float64{1, 0.3, 3}}, {adagrad, []float64{0.1, 0.03, 0.3}}},
		beats:   []rival{nesterov, adagrad},
	},
	{
		name: "words", title: "Bag of 10,000 words, 50 % dropout (figure 1, right)", open: words, decay: true, epochs: 135, quick: 1,
		net:     func(seed uint64) (*graph.Graph, error) { return network.MLP(seed, vocabulary, 2) },
		dropout: &train.VariationalOptions{Dropout: train.BinaryDropout, Rate: 0.5},
		entries: []entry{{adam, []float64{0.01, 0.003, 0.03}}, {nesterov, []float64{0.3, 0.1, 1}}, {adagrad, []float64{0.03, 0.01, 0.1}}, {rmsprop, []float64{0.01, 0.003, 0.03}}},
		beats:   []rival{nesterov, adagrad, rmsprop},
	},
	{
		name: "mlp", title: "2 x 1000 relu units, MNIST (figure 2)", open: digits, epochs: 15, quick: 0.5,
		net: deep, entries: six, beats: []rival{nesterov, momentum},
	},
	{
		name: "mlp-dropout", title: "2 x 1000 relu units with dropout, MNIST (figure 2)", open: digits, epochs: 20, quick: 0.5,
		net: deep, entries: six, beats: []rival{nesterov, momentum, rmsprop},
		dropout: &train.VariationalOptions{Dropout: train.BinaryDropout, Rate: 0.5, InputRate: 0.2},
	},
	{
		name: "convnet", title: "Convolutions of 20 and 50 maps, MNIST (after figure 3)", open: digits, epochs: 8, quick: 0.2,
		net:     network.LeNet5,
		entries: []entry{{adam, []float64{1e-3, 3e-4, 3e-3}}, {nesterov, []float64{0.01, 0.003, 0.03}}, {adagrad, []float64{0.01, 0.003, 0.03}}},
		beats:   []rival{nesterov},
	},
}

func deep(seed uint64) (*graph.Graph, error) { return network.MLP(seed, 784, 1000, 1000, 10) }

// six are the paper's five and plain momentum.
var six = []entry{
	{adam, []float64{1e-3, 3e-4, 3e-3}}, {adagrad, []float64{0.01, 0.003, 0.03}}, {rmsprop, []float64{3e-4, 1e-4, 1e-3}},
	{nesterov, []float64{0.03, 0.01, 0.1}}, {adadelta, []float64{1, 0.3, 3}}, {momentum, []float64{0.03, 0.01, 0.1}},
}
