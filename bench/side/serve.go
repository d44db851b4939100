package side

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Task is what a host written in Go does.
type Task interface {
	// Check does the task on the numbers it was given and returns the results, which every side must agree on.
	Check() ([]float32, error)
	// Run does the task once.
	Run() error
	Close()
}

// Serve makes this process a Host: it reads lines from stdin and answers on stdout until stdin ends.
func Serve(open func(task string, args []string) (Task, error)) error {
	s := server{open: open, tasks: map[string]Task{}}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := s.answer(strings.Fields(lines.Text()))
		if err != nil {
			answer = "error " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		if _, err := fmt.Println(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

type server struct {
	open  func(task string, args []string) (Task, error)
	tasks map[string]Task
}

func (s *server) answer(words []string) (string, error) {
	if len(words) < 2 {
		return "", io.ErrUnexpectedEOF
	}
	verb, key, words := words[0], words[1], words[2:]
	if verb == "open" && len(words) > 0 {
		t, err := s.open(words[0], words[1:])
		s.tasks[key] = t
		return "ok", err
	}
	t := s.tasks[key]
	switch {
	case t == nil && verb == "close":
		return "ok", nil
	case t == nil:
	case verb == "check" && len(words) == 1:
		x, err := t.Check()
		if err != nil {
			return "", err
		}
		return "ok", WriteArray(words[0], x)
	case verb == "run" && len(words) == 1:
		n, err := strconv.Atoi(words[0])
		if err != nil {
			return "", err
		}
		start := time.Now()
		for range n {
			if err := t.Run(); err != nil {
				return "", err
			}
		}
		return strconv.FormatFloat(time.Since(start).Seconds(), 'g', -1, 64), nil
	case verb == "close":
		t.Close()
		delete(s.tasks, key)
		return "ok", nil
	}
	return "", errors.New("not a line that a host takes")
}
