package demo

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/backstop-go/backstop/problem"
)

const maxRecent = 1 << 20 // bytes

// recentLog keeps the last records of the log, so that the page can show what a client is
// not told. Only a demo should do that, because a log is for the people who run a service.
type recentLog struct {
	mu    sync.Mutex
	lines []string
	size  int // of all lines
}

// Write takes one record, as a handler of slog writes them.
func (l *recentLog) Write(record []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(record))
	l.size += len(record)
	for l.size > maxRecent {
		l.size -= len(l.lines[0])
		l.lines = slices.Delete(l.lines, 0, 1)
	}
	return len(record), nil
}

// of returns the records of a request.
func (l *recentLog) of(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var records strings.Builder
	for _, line := range l.lines {
		if strings.Contains(line, `"request_id":"`+id+`"`) {
			records.WriteString(line)
		}
	}
	return records.String()
}

// show answers callers on this machine, and no others.
func (l *recentLog) show(w http.ResponseWriter, r *http.Request) error {
	if l == nil || !problem.DebugLoopback(r) {
		return problem.NotFound
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, err := io.WriteString(w, l.of(r.PathValue("id")))
	return err
}
