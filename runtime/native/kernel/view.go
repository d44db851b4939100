package kernel

func init() {
	for _, op := range []string{"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze"} {
		register(&Kernel{Op: op, View: true, Types: every(bindCopy)})
	}
	register(&Kernel{Op: "Dropout", View: true, Types: every(bindDropout)})
}

// bindCopy copies input 0 to output 0, whose shapes hold the same number of elements. The planner runs it only where a
// view will not do: from one of the caller's tensors to another.
func bindCopy(c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	width := y.DType.Size()
	return func() error {
		copy(bytesOf(y, width), bytesOf(x, width))
		return nil
	}, nil
}

// bindDropout is inference's: y = x, and nothing is masked.
func bindDropout(c *Call) (Task, error) {
	var tasks []Task
	if c.Out[0] != nil {
		keep, err := bindCopy(c)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, keep)
	}
	if mask := c.Output(1); mask != nil {
		tasks = append(tasks, func() error {
			fill(Data[bool](mask), true)
			return nil
		})
	}
	return sequence(tasks...), nil
}
