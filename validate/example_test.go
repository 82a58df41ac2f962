package validate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/validate"
)

// Registration is the contract of one route.
type Registration struct {
	OrganizationName string   `json:"organizationName" validate:"notblank"`
	Email            string   `json:"email" validate:"required,email"`
	Password         string   `json:"password" validate:"required,min=8,max=128"`
	Age              int      `json:"age" validate:"omitempty,min=18"`
	Invite           []string `json:"invite" validate:"max=3,dive,email"`
}

// All faults are reported at once: an age that is not a number does not hide the
// other fields.
func ExampleDecode() {
	r := httptest.NewRequest("POST", "/register", strings.NewReader(`{
		"organizationName": "",
		"email": "invalid-email",
		"password": "short",
		"age": "eighteen",
		"invite": ["a@example.com", "b"]
	}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()

	_, err := validate.Decode[Registration](nil, w, r)

	var invalid *problem.Error
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields() {
			fmt.Printf("%s: %s\n", f.AppendPath(nil, problem.Brackets), problem.FieldText(f))
		}
	}
	// Output:
	// organizationName: must not be empty
	// email: must be a valid email address
	// password: must be between 8 and 128 characters
	// age: must be an integer
	// invite[1]: must be a valid email address
}

// The handler gets a value that it can trust. The responder chooses the envelope.
func ExampleHandlerFunc() {
	mux := http.NewServeMux()
	mux.Handle("POST /register", validate.HandlerFunc(nil, func(w http.ResponseWriter, r *http.Request, in Registration) error {
		_, err := fmt.Fprintf(w, "welcome, %s", in.Email)
		return err
	}))
	errs := problem.New(problem.Config{Style: entryguard.Style, Logger: slog.New(slog.DiscardHandler)})
	app := errs.Handler(mux)

	for _, body := range []string{
		`{"organizationName":"Acme","email":"ann@example.com","password":"correct horse"}`,
		`{"organizationName":"Acme","email":"ann","password":"correct horse"}`,
	} {
		r := httptest.NewRequest("POST", "/register", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		_, answer, refused := strings.Cut(w.Body.String(), `"path":`)
		if !refused {
			answer = w.Body.String()
		}
		fmt.Println(w.Code, answer)
	}
	// Output:
	// 200 welcome, ann@example.com
	// 400 "/register","validationErrors":{"email":"must be a well-formed email address"}}
}

// An old handler that reads the body itself need not change: it reads the same bytes
// again, and gets only valid requests.
func ExampleHandler() {
	old := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Email string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			fmt.Println(err)
		}
		fmt.Println(in.Email, validate.FromContext[Registration](r.Context()).Email)
	})
	h := validate.Handler[Registration](nil)(old)

	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"organizationName":"Acme","email":"ann@example.com","password":"correct horse"}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output: ann@example.com ann@example.com
}

// Parameters are members of the same struct, each with one source.
func ExampleDecode_parameters() {
	type search struct {
		Org   string   `path:"org" validate:"required"`
		Query string   `query:"q" validate:"required,min=2"`
		Limit int      `query:"limit" default:"20" validate:"min=1,max=100"`
		Tags  []string `query:"tag" validate:"max=5"`
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{org}/search", validate.HandlerFunc(nil, func(w http.ResponseWriter, r *http.Request, in search) error {
		fmt.Printf("%+v\n", in)
		return nil
	}))
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/acme/search?q=go&tag=a&tag=b", nil))
	// Output: {Org:acme Query:go Limit:20 Tags:[a b]}
}

// A rule of your own has a name, a check and a sentence.
func ExampleNew() {
	v, err := validate.New(validate.Config{
		ReportUnknown: true,
		Rules: map[string]validate.Rule{"even": {
			Check: func(_ context.Context, fl validator.FieldLevel) bool { return fl.Field().Int()%2 == 0 },
			Text:  "must be even",
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	type pair struct {
		Size int `json:"size" validate:"even"`
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"size":3,"sise":4}`))
	r.Header.Set("Content-Type", "application/json")
	_, err = validate.Decode[pair](v, nil, r)

	var invalid *problem.Error
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields() {
			fmt.Printf("%s: %s\n", f.AppendPath(nil, problem.Brackets), problem.FieldText(f))
		}
	}
	// Output:
	// size: must be even
	// sise: is not a known field
}

// A test finds a wrong tag before the first client does.
func ExampleCheck() {
	type user struct {
		Email string `json:"email" validate:"requird,email"`
		Port  string `json:"port" validate:"omitempty,port"`
		Age   *int   `json:"age" validate:"min=18"`
	}
	fmt.Println(validate.Check[user](nil))
	// Output:
	// validate: user.Email: unknown rule "requird"
	// validate: user.Port: rule "port" does not work on string: Bad field type string
	// validate: user.Age: has rules that fail when it is nil: add required, omitnil or omitempty
}

// In front of the router, Handler validates before the path parameters are known.
// That is not a fault of the client, so the answer is 500, and the log says why.
func ExampleHandler_incorrect() {
	type byID struct {
		ID string `path:"id" validate:"required"`
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Println("found") })
	before := validate.Handler[byID](nil)(mux)

	w := httptest.NewRecorder()
	before.ServeHTTP(w, httptest.NewRequest("GET", "/things/7", nil))
	fmt.Println(w.Code)
	// Output: 500
}
