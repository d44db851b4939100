package adam

import "github.com/elbo-ml/elbo/train"

// rival is an optimiser of the races, with its settings but for the learning rate.
type rival struct {
	name string
	rule func(rate float64) train.Optimizer
	// own means that the rule's rate falls by itself, so that 1/sqrt(t) is not put on top of it.
	own bool
	// color is that of its curves in every panel.
	color int
}

var (
	adam     = rival{"Adam", func(a float64) train.Optimizer { return train.Adam{LearningRate: a} }, false, 0}
	adagrad  = rival{"AdaGrad", func(a float64) train.Optimizer { return train.AdaGrad{LearningRate: a} }, true, 1}
	rmsprop  = rival{"RMSProp", func(a float64) train.Optimizer { return train.RMSProp{LearningRate: a} }, false, 2}
	nesterov = rival{"SGD, Nesterov", func(a float64) train.Optimizer {
		return train.SGD{LearningRate: a, Momentum: 0.9, Nesterov: true}
	}, false, 3}
	momentum = rival{"SGD, momentum", func(a float64) train.Optimizer { return train.SGD{LearningRate: a, Momentum: 0.9} }, false, 5}
	adadelta = rival{"AdaDelta", func(a float64) train.Optimizer { return train.AdaDelta{LearningRate: a} }, false, 4}
)
