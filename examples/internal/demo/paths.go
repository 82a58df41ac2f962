package demo

import (
	"net/http"
	"path"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// PlainPaths makes all routers treat a path alike. It must be the innermost middleware.
//
// By themselves the routers differ. net/http redirects "//x"; gin and chi do not. net/http
// and gin take "/%61" for "/a"; chi matches the escaped form. Only gin takes "/a%2Fb" for
// two segments. So PlainPaths answers 404 to a path that is not clean or has an escaped
// slash, and gives the router any other path in its decoded form.
func PlainPaths(next http.Handler) http.Handler {
	return problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		hidesSlash := strings.Contains(strings.ToUpper(r.URL.RawPath), "%2F")
		if hidesSlash || path.Clean("/"+r.URL.Path) != r.URL.Path {
			w.Header().Del("Allow") // gin has set it for the cleaned path
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
		// Outer middlewares read the pattern from their own copy of the request.
		defer func() { r.Pattern = plain.Pattern }()
		next.ServeHTTP(w, plain)
		return nil
	})
}

// NoDeadline reports whether a request has no deadline. An event stream has none, and
// neither has a request outside the API.
func NoDeadline(r *http.Request) bool { return !inAPI(r) || r.URL.Path == eventsPath }

func inAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }
