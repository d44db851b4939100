// Package onnxgo makes elbo's engines a backend of github.com/owulveryck/onnx-go: who reads models with onnx-go changes one
// line and runs on them.
//
//	backend := onnxgo.New(native.New(), onnxgo.Opset(b)) // was: gorgonnx.NewGraph()
//	model := onnx.NewModel(backend)
//	err := model.UnmarshalBinary(b)
//	model.SetInput(0, input)
//	err = backend.Run()
//	output, err := model.GetOutputTensors()
//
// importer.Load reads more than onnx-go's decoder does. On its way from file to backend the decoder loses
//
//   - the opset, which New takes beside the model;
//   - dynamic dimensions: a declared shape lacks them, so shapes are those of the tensors that are set;
//   - the domains of nodes: an operator of another domain is taken for ONNX's;
//   - graphs in attributes (If, Loop, Scan), float16 and the small integers: it refuses such models;
//   - an input's place, where initializers are listed among the inputs before it: SetInput(i) sets the i-th of them all.
//
// An operand that a node reads twice, which graphs with one edge between two nodes lose as well, is kept.
package onnxgo
