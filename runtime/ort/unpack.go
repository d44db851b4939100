package ort

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// Limits on what a tarball may make of itself. The real package has 38 entries and unpacks to 315 MB.
const (
	maxEntries  = 10_000
	maxUnpacked = 2 << 30
	maxFile     = 512 << 20
)

var errTooBig = errors.New("the archive unpacks to more than it may")

// unpack takes the platform's files out of the package and nothing else. The names in the archive are compared, never
// used as paths. The library comes into its place last, when all that it loads is there.
func (in *installer) unpack(r io.Reader, p platform) error {
	zr, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("not a gzip file: %w", err)
	}
	defer zr.Close()
	files := make([]*atomicfile.File, len(p.files))
	defer func() {
		for _, s := range files {
			if s != nil {
				s.Discard()
			}
		}
	}()
	tr := tar.NewReader(&bounded{zr, maxUnpacked})
	for entries := 0; slices.Contains(files, nil); entries++ {
		h, err := tr.Next()
		if err == io.EOF {
			missing := p.files[slices.Index(files, nil)].name
			return fmt.Errorf("the archive has no %s/%s", p.folder, missing)
		}
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		if entries == maxEntries {
			return errTooBig
		}
		i := slices.IndexFunc(p.files, func(f pinnedFile) bool { return h.Name == p.folder+"/"+f.name })
		if i < 0 || h.Typeflag != tar.TypeReg || files[i] != nil {
			continue
		}
		if h.Size > maxFile {
			return errTooBig
		}
		if files[i], err = in.take(tr, p.files[i]); err != nil {
			return err
		}
	}
	for _, s := range slices.Backward(files) {
		if err := s.Commit(); err != nil {
			return err
		}
	}
	return nil
}

func (in *installer) take(r io.Reader, f pinnedFile) (*atomicfile.File, error) {
	s, err := in.create(f.name)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(s, h), r); err != nil {
		s.Discard()
		return nil, fmt.Errorf("unpack %s: %w", f.name, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.sha256 {
		s.Discard()
		return nil, fmt.Errorf("%s is sha256 %s, want %s: %w", f.name, got, f.sha256, ErrChecksum)
	}
	return s, nil
}

// bounded is r, and fails where io.LimitReader would end.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooBig
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// kind is what a file looks like from its first bytes.
type kind int

const (
	other kind = iota
	tarball
	elf
	machO
	pe
)

func libraryKind(goos string) kind {
	switch goos {
	case "windows":
		return pe
	case "darwin":
		return machO
	}
	return elf
}

// kindOf reads the first bytes of f and goes back to its start.
func kindOf(f *os.File) (kind, error) {
	var head [4]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return other, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return other, err
	}
	for _, m := range []struct {
		magic string
		kind  kind
	}{
		{"\x1f\x8b", tarball}, {"\x7fELF", elf}, {"MZ", pe},
		{"\xcf\xfa\xed\xfe", machO}, {"\xca\xfe\xba\xbe", machO},
	} {
		if bytes.HasPrefix(head[:n], []byte(m.magic)) {
			return m.kind, nil
		}
	}
	return other, nil
}
