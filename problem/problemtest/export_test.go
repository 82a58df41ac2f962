package problemtest

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/backstop-go/backstop/problem"
)

// The tests of this package must see checks fail. A [testing.T] that has failed cannot pass
// again, so they run the checks with a reporter of their own.

// Failures returns the complaints of each check about a style, by the promise of the check.
func Failures(style problem.Style) map[string][]string {
	all := map[string][]string{}
	for _, c := range checks {
		var r notes
		c.run(&r, style)
		if len(r.said) > 0 {
			all[c.promise] = r.said
		}
	}
	return all
}

// Cut returns the complaints about a handler that begins an answer and fails.
func Cut(h http.Handler) []string {
	var r notes
	cut(&r, h)
	return r.said
}

type notes struct {
	mu   sync.Mutex
	said []string
}

func (n *notes) Errorf(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, fmt.Sprintf(format, args...))
}

// Leaks returns the complaints of [NoLeak], by the name of the request.
func Leaks(t fataler, h http.Handler, secrets ...string) map[string][]string {
	s := newServer(h)
	defer s.Close()
	all := map[string][]string{}
	for _, p := range probes() {
		if found := leaks(t, s, p.request, secrets); len(found) > 0 {
			all[p.name] = found
		}
	}
	return all
}
