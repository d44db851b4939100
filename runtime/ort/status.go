//go:build cgo

package ort

import (
	"strings"

	"github.com/elbo-ml/elbo/runtime"
)

// Status tries the places in order until one starts, and then every execution provider. When this process has already started a library, that is the one
// it reports.
func Status() Report {
	r := Report{Places: Candidates()}
	if library, _ := started(); library != "" {
		r.Places = []Place{{Origin: "in use", Path: library}}
	} else if _, err := find(r.Places); err != nil {
		return r
	}
	r.Library, r.Version = started()
	for _, name := range Providers {
		p := ProviderReport{Name: name}
		if err := probe(name); err != nil {
			p.Problem = strings.TrimPrefix(strings.TrimSuffix(err.Error(), ": "+runtime.ErrUnavailable.Error()), "provider "+name+": ")
		}
		r.Providers = append(r.Providers, p)
	}
	return r
}
