package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
)

const (
	manifestName = "checkpoint.json"
	// version is the layout this package writes, and the newest it reads.
	version = 1
	// maxManifest bounds what is read of a manifest.
	maxManifest = 1 << 20
)

// manifest is checkpoint.json.
type manifest struct {
	Version int                `json:"version"`
	Step    int                `json:"step"`
	Epoch   int                `json:"epoch"`
	Engine  string             `json:"engine"`
	Recipe  map[string]string  `json:"recipe"`
	Sums    map[string]float64 `json:"sums,omitempty"`
	Files   map[string]file    `json:"files"`
	// SHA256 is of the manifest itself, written with "" in this place.
	SHA256 string `json:"sha256"`
}

type file struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// encode writes the manifest with its own checksum.
func (m manifest) encode() ([]byte, error) {
	sum, err := m.sum()
	if err != nil {
		return nil, err
	}
	m.SHA256 = sum
	b, err := json.MarshalIndent(m, "", "  ")
	return append(b, '\n'), err
}

func (m manifest) sum() (string, error) {
	m.SHA256 = ""
	b, err := json.Marshal(m)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), err
}

// decodeManifest reads and checks a manifest on its own, without the files.
func decodeManifest(b []byte) (*manifest, error) {
	bad := func(format string, args ...any) (*manifest, error) {
		return nil, fmt.Errorf("checkpoint: %s: %s: %w", manifestName, fmt.Sprintf(format, args...), ErrDamaged)
	}
	var m manifest
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&m); err != nil {
		return bad("%v", err)
	}
	if m.Version < 1 || m.Version > version {
		return bad("version %d, this elbo reads up to %d", m.Version, version)
	}
	sum, err := m.sum()
	if err != nil || sum != m.SHA256 {
		return bad("its checksum does not match")
	}
	if m.Step < 0 || m.Epoch < 0 {
		return bad("step %d of epoch %d", m.Step, m.Epoch)
	}
	for name, f := range m.Files {
		if name != filepath.Base(name) || !filepath.IsLocal(name) || filepath.Ext(name) != suffix || f.Bytes < 0 {
			return bad("a file called %q of %d bytes", name, f.Bytes)
		}
	}
	return &m, nil
}
