// Command kingma makes a bundle of the M1 that D. P. Kingma trained and published (Kingma et al., 2014).
//
//	go run ./conformance/cmd/kingma -out m1.elbo ../shared/data/kingma-m1
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/kingma"
)

func main() {
	out := flag.String("out", "m1.elbo", "the bundle to write: a .elbo file or a folder")
	force := flag.Bool("force", false, "replace what is there")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: kingma [-out m1.elbo] [-force] DIR\nDIR holds the author's two .ndict.tar.gz archives.")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := convert(flag.Arg(0), *out, *force); err != nil {
		fmt.Fprintln(os.Stderr, "kingma:", err)
		os.Exit(1)
	}
}

func convert(dir, out string, force bool) error {
	v, err := kingma.M1(dir)
	if err != nil {
		return err
	}
	defer v.Close()
	return v.Save(out, models.SaveOptions{Force: force, Recipe: map[string]string{
		"source": "D. P. Kingma, nips14-ssl, mnist_z_x_50-500-500_longrun", "data": "MNIST, 50000 images, binarised anew in each minibatch",
		"optimizer": "adam", "learning_rate": "3e-4", "batch": "1000", "weight_decay": "0.02",
	}})
}
