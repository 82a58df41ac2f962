package demo

import (
	"net/http"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// user is the holder of a token.
type user struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Role  string `json:"role"`
}

var (
	ann = user{ID: "2f1c8a54-7d0b-4e0e-9d43-0c5f4b7a1e01", Email: "ann@example.com", Role: "member"}
	bob = user{ID: "2f1c8a54-7d0b-4e0e-9d43-0c5f4b7a1e02", Email: "bob@example.com", Role: "admin"}
	eve = user{ID: "2f1c8a54-7d0b-4e0e-9d43-0c5f4b7a1e03", Email: "eve@example.com", Role: "readonly"}
)

// authenticate returns the user whose token the request has. The error is a kind, for which
// the style chooses the status and the code.
func authenticate(r *http.Request) (user, error) {
	lines := r.Header.Values("Authorization")
	if len(lines) == 0 {
		return user{}, problem.Unauthenticated
	}
	scheme, token, _ := strings.Cut(lines[0], " ")
	// The limiter reads the token in the same way. If it did not, each way to write the
	// same token would have a limit of its own.
	token = strings.TrimLeft(token, " ")
	switch {
	case len(lines) > 1:
		// A proxy in front of the service may have checked any one of them.
		return user{}, problem.TokenInvalid
	case !strings.EqualFold(scheme, "Bearer") || token == "":
		return user{}, problem.Unauthenticated
	}
	switch token {
	case "user-token":
		return ann, nil
	case "admin-token":
		return bob, nil
	case "readonly-token":
		return eve, nil
	case "expired-token":
		return user{}, problem.TokenExpired
	case "revoked-token":
		return user{}, problem.TokenRevoked
	}
	return user{}, problem.TokenInvalid
}

// allow lets a request pass if its token is valid and right accepts the user. It stands
// before validation, so that the bodies of strangers are not parsed.
func allow(right func(user) error, next http.Handler) http.Handler {
	return problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		u, err := authenticate(r)
		if err != nil {
			return err
		}
		if err := right(u); err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

func anyone(user) error { return nil }

var errNoAdmin = problem.Forbidden.New("Access denied. Administrator privileges required.")

func admins(u user) error {
	if u.Role != "admin" {
		return errNoAdmin
	}
	return nil
}

func fullScope(u user) error {
	if u.Role == "readonly" {
		return problem.InsufficientScope
	}
	return nil
}
