package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// Limits of what a bundle may ask for.
const (
	maxManifest = 1 << 20 // bytes of elbo.json
	maxLatent   = 1 << 24
	maxRow      = 1 << 28 // numbers in a row
)

// partFile is what a part's file may be called: a plain name, so that no bundle reaches outside of itself.
var partFile = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// plainName is what a part and a kind of model may be called.
var plainName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseManifest reads elbo.json and checks it. Fields that this version does not know are left aside: a newer layout that
// older programs must not read has another Version.
func parseManifest(b []byte) (Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("elbo.json is not a manifest: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("elbo.json goes on after its object")
	}
	if err := m.check(); err != nil {
		return m, fmt.Errorf("elbo.json: %w", err)
	}
	return m, nil
}

func (m Manifest) check() error {
	switch {
	case m.Version < 1:
		return fmt.Errorf("version is missing")
	case m.Version > Version:
		return fmt.Errorf("version is %d, this elbo reads up to %d: use a newer elbo", m.Version, Version)
	case !plainName.MatchString(m.Kind):
		return fmt.Errorf("kind is %q, not a plain name", m.Kind)
	case m.Latent < 1 || m.Latent > maxLatent:
		return fmt.Errorf("latent is %d; it must be from 1 to %d", m.Latent, maxLatent)
	case len(m.Shape) == 0 || len(m.Shape) > 8:
		return fmt.Errorf("shape %v must have 1 to 8 axes", m.Shape)
	}
	for _, n := range m.Shape {
		if n < 1 {
			return fmt.Errorf("shape %v must hold positive numbers", m.Shape)
		}
	}
	if n, err := tensor.Shape(m.Shape).CheckedSize(); err != nil || n > maxRow {
		return fmt.Errorf("shape %v holds more than %d numbers", m.Shape, maxRow)
	}
	if err := m.Likelihood.check(); err != nil {
		return err
	}
	if err := m.Preprocessing.check(); err != nil {
		return err
	}
	used := map[string]bool{}
	for _, name := range slices.Concat(append(m.LevelFlows[:len(m.LevelFlows):len(m.LevelFlows)], m.Posterior, m.Prior.Parts, m.Levels)...) {
		if _, ok := m.Parts[name]; !ok || used[name] {
			return fmt.Errorf("posterior, prior and levels name the part %q, which is not among the parts, or named twice", name)
		}
		used[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(m.Parts)) {
		if !plainName.MatchString(name) {
			return fmt.Errorf("a part is called %q, which is not a plain name", name)
		}
		if err := m.Parts[name].check(); err != nil {
			return fmt.Errorf("part %s: %w", name, err)
		}
	}
	return nil
}

func (p Preprocessing) check() error {
	if a := math.Abs(p.Scale); !(a >= 1e-6 && a <= 1e6) || !(math.Abs(p.Shift) <= 1e6) {
		return fmt.Errorf("preprocessing has scale %v and shift %v; they must be within a million, and the scale no smaller than a millionth", p.Scale, p.Shift)
	}
	return nil
}

func (p Part) check() error {
	switch {
	case p.File == "":
		return fmt.Errorf("it is missing, or its file is not named")
	case !partFile.MatchString(p.File):
		return fmt.Errorf("file %q is not a plain name of letters, digits, dots and dashes", p.File)
	case !sha256Hex.MatchString(p.SHA256):
		return fmt.Errorf("sha256 %q is not 64 hexadecimal digits", p.SHA256)
	}
	return nil
}
