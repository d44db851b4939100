package adam

import "github.com/elbo-ml/elbo/train"

// rival is an optimiser of the races, with its settings but for the learning rate.
type rival struct {
	name string
	rule func(rate float64) train.Optimizer
	// own means that the rule's rate falls by itself, so that 1/sqrt(t) is not put on top of it.
	own bool
}

var (
	adam     = rival{"Adam", func(a float64) train.Optimizer { return train.Adam{LearningRate: a} }, false}
	adagrad  = rival{"AdaGrad", func(a float64) train.Optimizer { return train.AdaGrad{LearningRate: a} }, true}
	rmsprop  = rival{"RMSProp", func(a float64) train.Optimizer { return train.RMSProp{LearningRate: a} }, false}
	nesterov = rival{"SGD, Nesterov", func(a float64) train.Optimizer {
		return train.SGD{LearningRate: a, Momentum: 0.9, Nesterov: true}
	}, false}
	momentum = rival{"SGD, momentum", func(a float64) train.Optimizer { return train.SGD{LearningRate: a, Momentum: 0.9} }, false}
	adadelta = rival{"AdaDelta", func(a float64) train.Optimizer { return train.AdaDelta{LearningRate: a} }, false}
)
