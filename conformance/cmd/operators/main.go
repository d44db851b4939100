// Command operators writes the page of the operators that elbo knows.
//
//	go run ./conformance/cmd/operators docs/operators.md
package main

import (
	"fmt"
	"os"

	"github.com/elbo-ml/elbo/conformance"
	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: operators FILE")
		os.Exit(2)
	}
	if err := atomicfile.Write(os.Args[1], conformance.WriteOperators); err != nil {
		fmt.Fprintln(os.Stderr, "operators:", err)
		os.Exit(1)
	}
}
