//go:build cgo

package ort

// Status tries the places in order until one starts. When this process has already started a library, that is the one
// it reports.
func Status() Report {
	r := Report{Places: Candidates()}
	if library, _ := started(); library != "" {
		r.Places = []Place{{Origin: "in use", Path: library}}
	} else if _, err := find(r.Places); err != nil {
		return r
	}
	r.Library, r.Version = started()
	return r
}
