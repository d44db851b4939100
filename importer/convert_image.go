package importer

import "github.com/elbo-ml/elbo/graph"

// ConvTranspose may ask for an output_shape beyond what the windows reach, which is zeros: output_padding.
func convTranspose(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	target := c.n.Ints("output_shape")
	if target == nil || x.Rank() < 3 {
		return nil
	}
	spatial := x.Rank() - 2
	if len(target) == x.Rank() {
		target = target[2:]
	}
	w, err := graph.ConvWindow(&graph.Node{Op: "ConvTranspose", Inputs: c.n.Inputs, Attrs: graph.Attrs{
		"strides": c.n.Attrs["strides"], "dilations": c.n.Attrs["dilations"]}})
	if err != nil || len(target) != spatial {
		return err
	}
	extra := make([]int64, spatial)
	given, _ := c.n.Attrs["output_padding"].([]int64)
	copy(extra, given)
	for i := range extra {
		in, known := x.Shape[2+i].Known()
		if !known {
			return nil
		}
		full := (in-1)*w.Strides[i] + w.Dilations[i]*(w.Kernel[i]-1) + 1
		extra[i] = max(extra[i], int64(target[i]-full))
	}
	c.setAttr("output_padding", extra)
	return nil
}

// roiAlign: until opset 16 no half of an element was taken off the regions.
func roiAlign(c *conversion) error {
	if c.opset < 16 {
		c.setAttr("coordinate_transformation_mode", "output_half_pixel")
	}
	return nil
}
