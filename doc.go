// Package elbo is where to start reading: the runtime itself is in the packages beneath it, the program in cmd/elbo.
//
// To use a model, open it with [github.com/elbo-ml/elbo/models]: models.Open takes a bundle, models.FromONNX an encoder
// and a decoder as PyTorch exports them; then Encode, Decode, Sample, Reconstruct and Score. It needs no C compiler and no
// library.
//
// To put it into a service, hand it to [github.com/elbo-ml/elbo/serve], whose Handler stands beside your own.
//
// To adapt it to data of your own, or to train a new one, open the data with [github.com/elbo-ml/elbo/train/data] and call
// Fit of [github.com/elbo-ml/elbo/train]; Save of the model writes it again as the ONNX files that came in.
//
// To write a model, build its graph with [github.com/elbo-ml/elbo/graph], as examples/paper does; its gradients are
// train.Gradients. The parts of the thesis's models are in models/flow, models/made, models/ssl and models/mcmc.
//
// To run any other ONNX file, read it with [github.com/elbo-ml/elbo/importer] and compile it with
// [github.com/elbo-ml/elbo/runtime/native], or with ONNX Runtime where that is there:
// [github.com/elbo-ml/elbo/runtime/engines].
package elbo
