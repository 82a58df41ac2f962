package problem_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/backstop-go/backstop/problem"
)

// Do not send the text of a foreign error to the client: here it contains a password.
// Return the error itself, or wrap it.
func ExampleKind_New_incorrect() {
	err := errors.New("dial postgres://root:hunter2@10.0.0.7")
	errs := problem.New(problem.Config{Logger: quiet})
	get(errs.Handler(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.Internal.New(err.Error())
	})), "/wrong")
	get(errs.Handler(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("load secret: %w", err)
	})), "/right")
	// Output:
	// 500 {"type":"about:blank","title":"Internal Server Error","status":500,"detail":"dial postgres://root:hunter2@10.0.0.7","code":"internal"}
	// 500 {"type":"about:blank","title":"Internal Server Error","status":500,"detail":"An unexpected error occurred","code":"internal"}
}

// A handler that has begun to answer cannot send an error any more: a 200 is on its
// way. The client learns only that the answer is not complete. So do everything that
// may fail first.
func ExampleHandlerFunc_incorrect() {
	errs := problem.New(problem.Config{Logger: quiet})
	s := httptest.NewServer(errs.Handler(problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		io.WriteString(w, `{"secrets":[`)
		return problem.NotFound.New("Secret not found")
	})))
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body), err)
	// Output:
	// 200 {"secrets":[ unexpected EOF
}
