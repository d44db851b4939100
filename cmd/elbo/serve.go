package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/serve"
)

func (a *app) serveCommand() *cobra.Command {
	var ef engineFlags
	var addr string
	var config serve.Config
	cmd := &cobra.Command{
		Use:   "serve BUNDLE...",
		Short: "Serve models over HTTP",
		Long: `Serve answers POST /v1/models/NAME:encode, :decode, :sample, :reconstruct and :score with JSON (or PNG, with
"Accept: image/png"), and the Open Inference Protocol under /v2. A model's name is that of its file, or the NAME of
NAME=BUNDLE. Ctrl-C lets the requests in flight finish.`,
		Example: `  elbo serve builtin:mnist
  elbo serve digits=vae.elbo faces=faces.elbo --addr 127.0.0.1:9000`,
		Args: atLeastOne("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			level := slog.LevelInfo
			if a.quiet {
				level = slog.LevelWarn
			}
			config.Log = slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
			if a.json {
				config.Log = slog.New(slog.NewJSONHandler(a.err, &slog.HandlerOptions{Level: level}))
			}
			if config.MaxBody < 1 || config.MaxBatch < 1 || config.Timeout <= 0 || config.Grace <= 0 {
				return usagef("--max-body, --max-batch, --timeout and --grace must be positive; they are %d, %d, %v and %v",
					config.MaxBody, config.MaxBatch, config.Timeout, config.Grace)
			}
			config.Version = version()
			engine, err := ef.open(a)
			if err != nil {
				return err
			}
			s := serve.New(config)
			var names []string
			for _, arg := range args {
				name, bundle := modelName(arg)
				if bundle == "" {
					return usagef("%s names no bundle; it is NAME=BUNDLE", arg)
				}
				v, err := models.Open(bundle, models.WithEngine(engine), models.WithThreads(ef.threads), models.WithProvider(ef.provider))
				if err != nil {
					return err
				}
				defer v.Close()
				if err := s.Add(name, v); err != nil {
					return usagef("%w; name it with NAME=%s", err, bundle)
				}
				names = append(names, name)
			}
			l, err := listen(cmd.Context(), addr)
			if err != nil {
				return err
			}
			a.announce("http://"+l.Addr().String(), engine.Name()+" "+engine.Version(), names)
			return s.Serve(cmd.Context(), l)
		},
	}
	ef.add(cmd, "auto")
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8080", "the address to listen on")
	cmd.Flags().Int64Var(&config.MaxBody, "max-body", 64<<20, "largest request body in bytes")
	cmd.Flags().IntVar(&config.MaxBatch, "max-batch", 4096, "most rows in one request")
	cmd.Flags().DurationVar(&config.Timeout, "timeout", time.Minute, "longest time for one request")
	cmd.Flags().DurationVar(&config.Grace, "grace", 10*time.Second, "how long a stop waits for the requests in flight")
	return cmd
}

// modelName splits NAME=BUNDLE, or makes the name from the bundle's file name.
func modelName(arg string) (name, bundle string) {
	if name, bundle, ok := strings.Cut(arg, "="); ok {
		return name, bundle
	}
	name = strings.TrimSuffix(filepath.Base(strings.TrimPrefix(arg, "builtin:")), ".elbo")
	return name, arg
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use; give another address with --addr, such as --addr 127.0.0.1:0", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("--addr %s: %w; give HOST:PORT of this machine, such as 127.0.0.1:8080", addr, err)
	}
	return l, nil
}

// announce tells where the server is, what it runs on, and a line to try.
func (a *app) announce(url, engine string, names []string) {
	if a.json {
		_ = a.emit(map[string]string{"url": url, "engine": engine, "version": version()})
		return
	}
	fmt.Fprintf(a.out, "elbo %s serves %s on %s (engine: %s)\n", version(), strings.Join(names, ", "), url, engine)
	fmt.Fprintf(a.out, "Try:  curl -s -H 'Accept: image/png' -d '{\"n\":64,\"seed\":7}' %s/v1/models/%s:sample -o samples.png\n", url, names[0])
	fmt.Fprintln(a.out, "Ctrl-C stops it.")
}
