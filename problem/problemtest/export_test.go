package problemtest

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/backstop-go/backstop/problem"
)

// A check must be seen to fail, and a *testing.T that fails cannot be taken
// back. So the kit's own tests run the checks with a reporter of theirs.

// Failures returns what each check says of a style, by its promise.
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

// Cut returns what is said of a handler that begins an answer and fails.
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

// Leaks returns what NoLeak would complain about, by the name of the request.
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
