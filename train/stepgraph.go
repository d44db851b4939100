package train

import "github.com/elbo-ml/elbo/graph"

// StepGraph is the graph that a step of Fit runs when it trains all parameters of m: the objective and its gradients, an
// ordinary ONNX graph whose inputs are the minibatch, the noise, the KL weight and the parameters.
func StepGraph(m Model) (*graph.Graph, error) {
	obj, err := m.Objective()
	if err != nil {
		return nil, err
	}
	if err := obj.whole(); err != nil {
		return nil, err
	}
	params := make([]*param, len(obj.Params))
	for i, v := range obj.Params {
		params[i] = &param{name: v.Name, weight: v.Data}
	}
	g, _, err := stepGraph(obj, params, obj.Running, nil)
	return g, err
}
