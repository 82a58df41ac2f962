package demo

import (
	"net/http"
	"path"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// PlainPaths shows the router paths about which all routers agree. By
// themselves net/http redirects "//x" and gin and chi do not; "/%61" is "/a" for
// net/http and gin, and chi matches what is escaped; "/a%2Fb" has two segments
// for gin alone. The demo promises one answer. So a path that is not clean, or
// that hides a slash, is nobody's, and of any other the router sees the decoded
// form. It stands next to the router.
func PlainPaths(next http.Handler) http.Handler {
	return problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		hidesSlash := strings.Contains(strings.ToUpper(r.URL.RawPath), "%2F")
		if hidesSlash || path.Clean("/"+r.URL.Path) != r.URL.Path {
			w.Header().Del("Allow") // of the path that gin has made of it
			return problem.NotFound
		}
		if r.URL.RawPath == "" {
			next.ServeHTTP(w, r)
			return nil
		}
		decoded := *r.URL
		decoded.RawPath = ""
		plain := r.WithContext(r.Context())
		plain.URL = &decoded
		// Layers further out ask the request that they know for its route.
		defer func() { r.Pattern = plain.Pattern }()
		next.ServeHTTP(w, plain)
		return nil
	})
}

// NoDeadline says which requests may take their time: an event stream, whose
// context must not expire, and what is not the API.
func NoDeadline(r *http.Request) bool { return !inAPI(r) || r.URL.Path == eventsPath }

func inAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }
