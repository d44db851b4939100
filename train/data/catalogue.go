package data

import (
	"fmt"
	"strings"
)

// Dataset is a set of files that Download can get.
type Dataset struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Origin is where the data is described.
	Origin string `json:"origin"`
	Files  []File `json:"files"`
}

// File is a file of a dataset.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	// SHA256 is in hexadecimal.
	SHA256 string `json:"sha256"`
	// URLs are the addresses that have it, the first choice first.
	URLs []string `json:"urls"`
}

// Size is the number of bytes of all files.
func (d Dataset) Size() int64 {
	n := int64(0)
	for _, f := range d.Files {
		n += f.Size
	}
	return n
}

// Catalogue lists the datasets that elbo knows where to get.
func Catalogue() []Dataset {
	return []Dataset{
		{
			Name: "mnist", Origin: "http://yann.lecun.com/exdb/mnist/",
			Description: "handwritten digits: 60000 training and 10000 test images of 28x28, with labels",
			Files: idxFiles([]string{"https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"},
				[4]int64{9912422, 28881, 1648877, 4542}, [4]string{
					"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
					"3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
					"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
					"f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
				}),
		},
		{
			Name: "fashion-mnist", Origin: "https://github.com/zalandoresearch/fashion-mnist",
			Description: "articles of clothing: 60000 training and 10000 test images of 28x28, with labels",
			Files: idxFiles([]string{"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
				[4]int64{26421880, 29515, 4422102, 5148}, [4]string{
					"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
					"a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
					"346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
					"67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
				}),
		},
	}
}

// idxFiles are the four files of MNIST and its likes: training images and labels, test images and labels.
func idxFiles(bases []string, sizes [4]int64, sums [4]string) []File {
	files := make([]File, 4)
	for i, name := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"} {
		files[i] = File{Name: name, Size: sizes[i], SHA256: sums[i]}
		for _, base := range bases {
			files[i].URLs = append(files[i].URLs, base+name)
		}
	}
	return files
}

// Find gives a dataset of the catalogue by its name.
func Find(name string) (Dataset, error) {
	var names []string
	for _, d := range Catalogue() {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return Dataset{}, fmt.Errorf("data: no dataset %q in the catalogue, it has %s", name, strings.Join(names, ", "))
}
