package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var (
	shellBlock = regexp.MustCompile("(?ms)^```(?:sh)?\n(.*?)^```$")
	inline     = regexp.MustCompile("`(elbo [^`]+)`")
	word       = regexp.MustCompile(`'[^']*'|[^\s']+`)
)

// What README, the pages of docs/ and the examples in the help tell to type is taken by the command: it has the
// subcommand, the flags, and as many arguments.
func TestCommandsInPages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(pages, "../../README.md") {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range shellBlock.FindAllStringSubmatch(string(b), -1) {
			for line := range strings.Lines(block[1]) {
				if strings.HasPrefix(line, "elbo ") {
					found++
					tryCommand(t, page, line, true)
				}
			}
		}
		text := shellBlock.ReplaceAllString(string(b), "")
		for _, m := range inline.FindAllStringSubmatch(strings.ReplaceAll(text, "\n", " "), -1) {
			found++
			tryCommand(t, page, m[1], false)
		}
	}
	if found < 50 {
		t.Errorf("only %d commands found", found)
	}
	eachCommand((&app{}).root(), func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			tryCommand(t, "the help of "+cmd.CommandPath(), strings.TrimSpace(line), true)
		}
	})
}

func eachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, c := range cmd.Commands() {
		eachCommand(c, do)
	}
}

// tryCommand has a line parsed, but not run. One that is not whole is named in passing: its arguments and the values of
// its flags may be missing.
func tryCommand(t *testing.T, where, line string, whole bool) {
	t.Helper()
	typed, _, _ := strings.Cut(line, " #")
	args := word.FindAllString(typed, -1)
	for i := range args {
		args[i] = strings.Trim(args[i], "'")
	}
	if args[0] != "elbo" {
		return
	}
	root := (&app{in: strings.NewReader(""), out: &strings.Builder{}, err: &strings.Builder{}}).root()
	root.InitDefaultHelpCmd()
	addCompletion(root)
	cmd, rest, err := root.Find(args[1:])
	if err == nil && cmd == root && !strings.HasPrefix(args[1], "-") {
		t.Errorf("%s: %s: there is no command %q", where, line, args[1])
		return
	}
	if err == nil {
		cmd.InitDefaultHelpFlag()
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = checkChoices(cmd, nil)
	}
	if err == nil && whole {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil && (whole || !strings.Contains(err.Error(), "needs an argument")) {
		t.Errorf("%s: %s: %v", where, strings.TrimSpace(line), err)
	}
}
