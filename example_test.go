package backstop_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/validate"
)

type Registration struct {
	Email    string `json:"email" validate:"required,email"`
	Password string `json:"password" validate:"required,min=8,max=128"`
}

func register(w http.ResponseWriter, r *http.Request, in Registration) error {
	if in.Email == "taken@example.com" {
		return problem.Conflict.New("This email address is already in use")
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

func service() (http.Handler, error) {
	errs := problem.New(problem.Config{Style: entryguard.Style}) // one word chooses the envelope
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(60),
		Key:  ratelimit.RemoteIP, // behind a proxy all clients would share one limit: use NewClientIP there
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /api/v1/auth/register", validate.HandlerFunc(nil, register))
	return middleware.Chain(middleware.Standard(errs), limit.Handler)(mux), nil
}

// This is a whole service. It answers every failure in EntryGuard's format, an unknown
// path as well as a bad field.
func Example() {
	app, err := service()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, body := range []string{
		`{"email":"ann@example.com","password":"long enough"}`,
		`{"email":"ann","password":"short"}`,
		`{"email":"taken@example.com","password":"long enough"}`,
		`{`,
	} {
		r := httptest.NewRequest("POST", "/api/v1/auth/register", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		_, message, _ := strings.Cut(w.Body.String(), `"message"`) // without the time
		fmt.Println(w.Code, w.Header().Get("X-RateLimit-Remaining")+message)
	}
	// Output:
	// 201 59
	// 400 58:"Validation failed","path":"/api/v1/auth/register","validationErrors":{"email":"must be a well-formed email address","password":"size must be between 8 and 128"}}
	// 409 57:"This email address is already in use","path":"/api/v1/auth/register"}
	// 400 56:"Malformed JSON request","path":"/api/v1/auth/register"}
}
