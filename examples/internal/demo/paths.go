package demo

import (
	"net/http"
	"path"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// PlainPaths answers NotFound for a path that is not in its plain form, as in
// "//x", "/a/../b", "/%61" and "/a%2Fb". Routers disagree about these:
// net/http redirects, chi matches what is escaped, gin what is not. The demo
// promises one answer, so it leaves them no choice. It stands next to the
// router.
func PlainPaths(next http.Handler) http.Handler {
	return problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.RawPath != "" || path.Clean(r.URL.Path) != r.URL.Path {
			return problem.NotFound
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// NoDeadline says which requests may take their time: an event stream, whose
// context must not expire, and what is not the API.
func NoDeadline(r *http.Request) bool { return !inAPI(r) || r.URL.Path == eventsPath }

func inAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }
