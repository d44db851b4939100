package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// checkNames refuses a model in which two things have one name where a reader may take either: opsets, functions and their
// parameters, and a node's attributes. That two values have one name shows when the graph is built.
func checkNames(m *onnxpb.Model) error {
	if err := checkOpsets(m.Opsets); err != nil {
		return err
	}
	functions := map[functionKey]bool{}
	for _, f := range m.Functions {
		key := functionKey{f.Domain, f.Name, f.Overload}
		if functions[key] {
			return fmt.Errorf("two functions are called %s.%s: %w", f.Domain, f.Name, ErrMalformed)
		}
		functions[key] = true
		if err := checkFunction(f); err != nil {
			return fmt.Errorf("function %s.%s: %w", f.Domain, f.Name, err)
		}
	}
	if m.Graph == nil {
		return nil
	}
	return checkAttributes(m.Graph.Nodes)
}

// checkOpsets takes a domain that is named twice when the versions are the same.
func checkOpsets(list []*onnxpb.OperatorSet) error {
	versions := map[string]int64{}
	for _, s := range list {
		domain := s.Domain
		if onnxDomain(domain) {
			domain = ""
		}
		if v, ok := versions[domain]; ok && v != s.Version {
			return fmt.Errorf("domain %q has versions %d and %d: %w", domain, v, s.Version, ErrMalformed)
		}
		versions[domain] = s.Version
	}
	return nil
}

func checkFunction(f *onnxpb.Function) error {
	if err := checkOpsets(f.Opsets); err != nil {
		return err
	}
	for _, list := range [][]string{f.Inputs, f.Outputs} {
		seen := map[string]bool{}
		for _, name := range list {
			if seen[name] {
				return fmt.Errorf("two of its parameters are called %q: %w", name, ErrMalformed)
			}
			seen[name] = true
		}
	}
	return checkAttributes(f.Nodes)
}

// checkAttributes looks at nodes and at those of the graphs within them.
func checkAttributes(nodes []*onnxpb.Node) error {
	for _, n := range nodes {
		seen := make(map[string]bool, len(n.Attributes))
		for _, a := range n.Attributes {
			if seen[a.Name] {
				return fmt.Errorf("node %q (%s) has two attributes %q: %w", n.Name, n.Op, a.Name, ErrMalformed)
			}
			seen[a.Name] = true
			graphs := a.Graphs
			if a.G != nil {
				graphs = append(graphs[:len(graphs):len(graphs)], a.G)
			}
			for _, g := range graphs {
				if err := checkAttributes(g.Nodes); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
