module github.com/elbo-ml/elbo

go 1.26
