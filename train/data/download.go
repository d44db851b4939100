package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Sentinel errors of Download.
var (
	// ErrChecksum: what came is not the file that was asked for.
	ErrChecksum = errors.New("wrong checksum")
	// ErrExists: another file has the name of one to be downloaded.
	ErrExists = errors.New("exists already with other contents")
)

// DownloadOptions say how Download works. The zero value is good.
type DownloadOptions struct {
	// Client makes the requests; nil is http.DefaultClient.
	Client *http.Client
	// Progress is called as bytes come in, from the goroutine that called Download.
	Progress func(DownloadProgress)
	// Stall is how long a server may stay silent; 0 is a minute.
	Stall time.Duration
}

// DownloadProgress tells how far a file has come.
type DownloadProgress struct {
	File string
	// Done of Total bytes are here, those of an earlier try included.
	Done, Total int64
}

// Download gets a dataset of the catalogue into dir, which it makes if need be. See Dataset.Download.
func Download(ctx context.Context, name, dir string, o DownloadOptions) error {
	d, err := Find(name)
	if err != nil {
		return err
	}
	return d.Download(ctx, dir, o)
}

// Download gets every file of the dataset that dir does not have yet. A file comes as NAME.part, is checked against its
// checksum and only then takes its name. What a failed try leaves in NAME.part the next one goes on from.
func (d Dataset) Download(ctx context.Context, dir string, o DownloadOptions) error {
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Progress == nil {
		o.Progress = func(DownloadProgress) {}
	}
	if o.Stall <= 0 {
		o.Stall = time.Minute
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data: download %s: %w", d.Name, err)
	}
	for _, f := range d.Files {
		if !filepath.IsLocal(f.Name) || filepath.Base(f.Name) != f.Name {
			return fmt.Errorf("data: download %s: %q is not a file's name", d.Name, f.Name)
		}
		g := download{File: f, DownloadOptions: o, path: filepath.Join(dir, f.Name)}
		if err := g.get(ctx); err != nil {
			return fmt.Errorf("data: download %s: %w", d.Name, err)
		}
	}
	return nil
}

// download is one file on its way.
type download struct {
	File
	DownloadOptions
	path string
}

// localError is one that no other server can help with.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

func (d *download) part() string { return d.path + ".part" }

func (d *download) report(done int64) {
	d.Progress(DownloadProgress{File: d.Name, Done: done, Total: d.Size})
}

func (d *download) get(ctx context.Context) error {
	switch sum, err := fileSum(d.path); {
	case err == nil && sum == d.SHA256:
		d.report(d.Size)
		return nil
	case err == nil:
		return fmt.Errorf("%s: %w; move it away first", d.path, ErrExists)
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	if len(d.URLs) == 0 {
		return fmt.Errorf("%s: no address known", d.Name)
	}
	var failures []error
	for _, url := range d.URLs {
		err := d.from(ctx, url)
		if err == nil {
			return nil
		}
		var local localError
		if errors.As(err, &local) || ctx.Err() != nil {
			return err
		}
		failures = append(failures, err)
	}
	return fmt.Errorf("%w (without a network, copy the file to %s: it is taken when its checksum is right)", errors.Join(failures...), d.path)
}

// tries is how often one address is tried in a row while it gives something each time.
const tries = 5

// from gets the file from one address. It goes on after a cut, and starts over when what an earlier try left turns out
// to be wrong.
func (d *download) from(ctx context.Context, url string) error {
	var err error
	for range tries {
		before := d.have()
		if err = d.fetch(ctx, url); err == nil {
			if err = d.finish(); err == nil {
				return nil
			}
			if !errors.Is(err, ErrChecksum) || before == 0 {
				break
			}
			continue
		}
		if d.have() <= before || ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("%s: %w", url, err)
}

// have is how much of the file is there. A part longer than the file is worth nothing.
func (d *download) have() int64 {
	info, err := os.Stat(d.part())
	if err != nil || info.Size() > d.Size {
		return 0
	}
	return info.Size()
}

// fetch makes one request for what is missing and adds it to the part.
func (d *download) fetch(ctx context.Context, url string) error {
	have := d.have()
	if have == d.Size {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(d.Stall, func() { cancel(fmt.Errorf("nothing came for %v", d.Stall)) })
	defer watch.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	// Otherwise the transport would ask for gzip and unpack it, and the bytes would not be those of the file.
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := d.Client.Do(req)
	if err != nil {
		return cause(ctx, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusPartialContent && have > 0:
		var first int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &first); err != nil || first != have {
			return fmt.Errorf("asked for bytes from %d and got %q", have, resp.Header.Get("Content-Range"))
		}
	case resp.StatusCode == http.StatusOK:
		have = 0 // the server does not know ranges
	default:
		return fmt.Errorf("the server answers %s", resp.Status)
	}
	return cause(ctx, d.save(resp.Body, have, watch))
}

// cause puts the reason of a cancellation in the place of its symptom.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// save writes body to the part from offset have on.
func (d *download) save(body io.Reader, have int64, watch *time.Timer) (err error) {
	f, err := os.OpenFile(d.part(), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return localError{err}
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = localError{e}
		}
	}()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if err := f.Truncate(have); err != nil {
			return localError{err}
		}
	}
	buf := make([]byte, 64<<10)
	d.report(have)
	for {
		n, readErr := body.Read(buf)
		watch.Reset(d.Stall)
		if have+int64(n) > d.Size {
			return fmt.Errorf("more than the %d bytes of the file: %w", d.Size, ErrChecksum)
		}
		if _, err := f.WriteAt(buf[:n], have); err != nil {
			return localError{fmt.Errorf("%w; what came so far is kept", err)}
		}
		have += int64(n)
		if n > 0 {
			d.report(have)
		}
		switch {
		case errors.Is(readErr, io.EOF) && have < d.Size:
			return fmt.Errorf("cut off after %d of %d bytes: %w", have, d.Size, io.ErrUnexpectedEOF)
		case errors.Is(readErr, io.EOF):
			if err := f.Sync(); err != nil {
				return localError{err}
			}
			return nil
		case readErr != nil:
			return fmt.Errorf("cut off after %d of %d bytes: %w", have, d.Size, readErr)
		}
	}
}

// finish checks the whole part and gives it its name. A wrong one is removed.
func (d *download) finish() error {
	sum, err := fileSum(d.part())
	if err != nil {
		return localError{err}
	}
	if sum != d.SHA256 {
		if err := os.Remove(d.part()); err != nil {
			return localError{err}
		}
		return fmt.Errorf("sha256 is %s, not %s: %w", sum, d.SHA256, ErrChecksum)
	}
	if err := os.Rename(d.part(), d.path); err != nil {
		return localError{err}
	}
	return nil
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
