package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// server serves content and counts what is asked for.
type server struct {
	content []byte
	// cut ends the first answers after so many bytes.
	cut      []int
	noRange  bool
	status   int
	requests []string // the Range header of each
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests = append(s.requests, r.Header.Get("Range"))
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	if s.noRange {
		r.Header.Del("Range")
	}
	if len(s.cut) > 0 {
		w = &cutter{ResponseWriter: w, left: s.cut[0]}
		s.cut = s.cut[1:]
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
}

// cutter breaks the connection after a number of bytes.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) <= c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	if _, err := c.ResponseWriter.Write(p[:c.left]); err != nil {
		return 0, err
	}
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

var content = bytes.Repeat([]byte("elbo "), 40000)

// dataset is a set of one file, which holds content, at the given servers.
func dataset(t *testing.T, servers ...http.Handler) Dataset {
	f := File{Name: "x-idx3-ubyte.gz", Size: int64(len(content)), SHA256: fmt.Sprintf("%x", sha256.Sum256(content))}
	for _, h := range servers {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		f.URLs = append(f.URLs, s.URL+"/"+f.Name)
	}
	return Dataset{Name: "test", Files: []File{f}}
}

func (d Dataset) path(dir string) string { return filepath.Join(dir, d.Files[0].Name) }

func arrived(t *testing.T, d Dataset, dir string) {
	t.Helper()
	if got, err := os.ReadFile(d.path(dir)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes arrived, %v", len(got), err)
	}
	if _, err := os.Stat(d.path(dir) + ".part"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the part is still there: %v", err)
	}
}

func TestDownload(t *testing.T) {
	s := &server{content: content}
	d, dir := dataset(t, s), filepath.Join(t.TempDir(), "new", "folder")
	var last DownloadProgress
	o := DownloadOptions{Progress: func(p DownloadProgress) {
		if p.Done < last.Done {
			t.Errorf("progress goes back from %d to %d", last.Done, p.Done)
		}
		last = p
	}}
	for range 2 { // the second time there is nothing to do
		if err := d.Download(context.Background(), dir, o); err != nil {
			t.Fatal(err)
		}
		arrived(t, d, dir)
	}
	if len(s.requests) != 1 || last.Done != last.Total || last.Total != int64(len(content)) {
		t.Errorf("%d requests, %+v", len(s.requests), last)
	}
}

func TestDownloadGoesOnAfterACut(t *testing.T) {
	s := &server{content: content, cut: []int{70000, 50000}}
	d, dir := dataset(t, s), t.TempDir()
	if err := d.Download(context.Background(), dir, DownloadOptions{}); err != nil {
		t.Fatal(err)
	}
	arrived(t, d, dir)
	if want := []string{"", "bytes=70000-", "bytes=120000-"}; !slices.Equal(s.requests, want) {
		t.Errorf("asked for %q, want %q", s.requests, want)
	}
}

func TestDownloadGoesOnInALaterRun(t *testing.T) {
	s := &server{content: content}
	d, dir := dataset(t, s), t.TempDir()
	write(t, d.path(dir)+".part", content[:1000])
	if err := d.Download(context.Background(), dir, DownloadOptions{}); err != nil {
		t.Fatal(err)
	}
	arrived(t, d, dir)
	if want := []string{"bytes=1000-"}; !slices.Equal(s.requests, want) {
		t.Errorf("asked for %q, want %q", s.requests, want)
	}
}

func TestDownloadStartsOver(t *testing.T) {
	for name, c := range map[string]struct {
		part    []byte
		noRange bool
	}{
		"a server without ranges":    {content[:1000], true},
		"a part that is wrong":       {[]byte("something else"), false},
		"a part that is too long":    {append(slices.Clone(content), "more"...), false},
		"a whole part that is wrong": {bytes.Repeat([]byte("x"), len(content)), false},
	} {
		d, dir := dataset(t, &server{content: content, noRange: c.noRange}), t.TempDir()
		write(t, d.path(dir)+".part", c.part)
		if err := d.Download(context.Background(), dir, DownloadOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		arrived(t, d, dir)
	}
}

func TestDownloadTriesTheNextAddress(t *testing.T) {
	for name, first := range map[string]*server{
		"not found":      {status: 404},
		"broken":         {status: 500},
		"another file":   {content: bytes.Repeat([]byte("other"), 40000)},
		"a longer file":  {content: append(slices.Clone(content), 'x')},
		"a shorter file": {content: content[:500]},
	} {
		d, dir := dataset(t, first, &server{content: content}), t.TempDir()
		if err := d.Download(context.Background(), dir, DownloadOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		arrived(t, d, dir)
	}
}

func TestDownloadFails(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *server
		kind error
		word string
		part int // bytes kept for the next try
	}{
		{"not found", &server{status: 404}, nil, "404", 0},
		{"wrong checksum", &server{content: bytes.Repeat([]byte("other"), 40000)}, ErrChecksum, "sha256", 0},
		{"cut without end", &server{content: content, cut: []int{10, 10, 10, 10, 10, 10, 10}}, io.ErrUnexpectedEOF, "cut off after 50 of 200000", 50},
	} {
		d, dir := dataset(t, c.s), t.TempDir()
		err := d.Download(context.Background(), dir, DownloadOptions{})
		if err == nil || !strings.Contains(err.Error(), c.word) || !strings.Contains(err.Error(), d.Files[0].URLs[0]) || (c.kind != nil && !errors.Is(err, c.kind)) {
			t.Errorf("%s: got error %v", c.name, err)
		}
		if _, err := os.Stat(d.path(dir)); err == nil {
			t.Errorf("%s: the file has its name", c.name)
		}
		if info, err := os.Stat(d.path(dir) + ".part"); (err == nil) != (c.part > 0) || err == nil && info.Size() != int64(c.part) {
			t.Errorf("%s: the part is %v, %v", c.name, info, err)
		}
	}
}

func TestDownloadLeavesAnotherFileAlone(t *testing.T) {
	d, dir := dataset(t, &server{content: content}), t.TempDir()
	write(t, d.path(dir), []byte("mine"))
	mustFail(t, "another file", d.Download(context.Background(), dir, DownloadOptions{}), ErrExists, d.path(dir))
	if got, _ := os.ReadFile(d.path(dir)); string(got) != "mine" {
		t.Errorf("it holds %q now", got)
	}
}

func TestDownloadToAFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/full, which Linux has")
	}
	second := &server{content: content}
	d, dir := dataset(t, &server{content: content}, second), t.TempDir()
	if err := os.Symlink("/dev/full", d.path(dir)+".part"); err != nil {
		t.Fatal(err)
	}
	err := d.Download(context.Background(), dir, DownloadOptions{})
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got error %v", err)
	}
	if len(second.requests) > 0 {
		t.Error("another server was asked, though the disk is full")
	}
}

func TestDownloadStops(t *testing.T) {
	release := make(chan struct{})
	hang := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:100])
		w.(http.Flusher).Flush()
		<-release
	})
	d, dir := dataset(t, hang), t.TempDir()
	defer close(release)
	ctx, cancel := context.WithCancel(context.Background())
	o := DownloadOptions{Progress: func(p DownloadProgress) {
		if p.Done > 0 {
			cancel()
		}
	}}
	mustFail(t, "cancelled", d.Download(ctx, dir, o), context.Canceled)
	if info, err := os.Stat(d.path(dir) + ".part"); err != nil || info.Size() != 100 {
		t.Errorf("what came is lost: %v", err)
	}
	err := d.Download(context.Background(), t.TempDir(), DownloadOptions{Stall: 20 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "nothing came") {
		t.Errorf("a silent server: got error %v", err)
	}
}

func TestCatalogue(t *testing.T) {
	for _, d := range Catalogue() {
		if found, err := Find(d.Name); err != nil || found.Name != d.Name || d.Size() < 1<<20 {
			t.Errorf("%s: %v", d.Name, err)
		}
		for _, f := range d.Files {
			if len(f.SHA256) != 64 || f.Size == 0 || len(f.URLs) == 0 {
				t.Errorf("%s: %+v", d.Name, f)
			}
		}
	}
	if err := Download(context.Background(), "cifar", t.TempDir(), DownloadOptions{}); err == nil || !strings.Contains(err.Error(), "mnist, fashion-mnist") {
		t.Errorf("got error %v", err)
	}
}

func TestCatalogueKnowsTheRealMNIST(t *testing.T) {
	dir := shared(t, "mnist")
	d, err := Find("mnist")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Files {
		sum, err := fileSum(filepath.Join(dir, f.Name))
		if err != nil || sum != f.SHA256 {
			t.Errorf("%s: sha256 %s, %v", f.Name, sum, err)
		}
	}
}
