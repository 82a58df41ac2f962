package validate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// A quiet is a response writer that drops everything.
type quiet struct{ header http.Header }

func (q *quiet) Header() http.Header         { return q.header }
func (q *quiet) Write(p []byte) (int, error) { return len(p), nil }
func (q *quiet) WriteHeader(int)             {}

// A rewound is a request whose body can be read many times.
type rewound struct {
	strings.Reader
	body string
	r    *http.Request
}

func (b *rewound) Close() error { return nil }

func (b *rewound) request() *http.Request {
	b.Reset(b.body)
	return b.r
}

func rewind(body string) *rewound {
	b := &rewound{body: body}
	b.r = httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", http.NoBody)
	b.r.Header.Set("Content-Type", "application/json")
	b.r.Body, b.r.ContentLength = b, int64(len(body))
	return b
}

type small struct {
	Email    string `json:"email" validate:"required,email"`
	Password string `json:"password" validate:"required,min=8,max=128"`
}

// registration has three fields, which are all wrong in the invalid case.
type registration struct {
	OrganizationName string `json:"organizationName" validate:"notblank"`
	Email            string `json:"email" validate:"required,email"`
	Password         string `json:"password" validate:"required,min=8,max=128"`
}

const smallBody = `{"email":"someone@example.com","password":"correct horse staple"}`

type order struct {
	Customer string `json:"customer" validate:"required,max=64"`
	Lines    []item `json:"lines" validate:"required,max=100,dive"`
}

func orderBody(n int) string {
	return `{"customer":"somebody","lines":[` + strings.TrimSuffix(times(n, `{"name":"a thing of ours","qty":12},`), ",") + `]}`
}

func benchmark[T any](b *testing.B, body string, good bool) {
	v, err := validate.New(validate.Config{})
	if err != nil {
		b.Fatal(err)
	}
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	decode := errs.Handler(validate.HandlerFunc(v, func(http.ResponseWriter, *http.Request, T) error { return nil }))
	in, w := rewind(body), &quiet{http.Header{}}
	if _, err := validate.Decode[T](v, w, in.request()); (err == nil) != good {
		b.Fatalf("Decode = %v, want success %v", err, good)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		decode.ServeHTTP(w, in.request())
	}
}

func BenchmarkValid(b *testing.B) {
	b.Run("65B", func(b *testing.B) { benchmark[small](b, smallBody, true) })
	b.Run("50 items", func(b *testing.B) { benchmark[order](b, orderBody(50), true) })
	b.Run("1MiB", func(b *testing.B) { benchmark[[]string](b, `["`+times(1<<20-4, "a")+`"]`, true) })
}

func BenchmarkInvalid(b *testing.B) {
	b.Run("65B", func(b *testing.B) {
		benchmark[small](b, strings.Replace(smallBody, "@", ".", 1), false)
	})
	b.Run("3 fields", func(b *testing.B) {
		benchmark[registration](b, `{"organizationName":"","email":"invalid-email","password":"short"}`, false)
	})
	b.Run("100 errors", func(b *testing.B) { benchmark[user](b, request(items(100, `{"name":"","qty":0}`)), false) })
	b.Run("first byte of 1MiB", func(b *testing.B) { benchmark[user](b, times(1<<20, "x"), false) })
	b.Run("last byte of 1MiB", func(b *testing.B) { benchmark[user](b, `{"extra":"`+times(1<<20-11, "x")+`"`, false) })
}

// The time for many names grows in proportion to their number, so the time for one name stays the
// same.
func BenchmarkDuplicateBomb(b *testing.B) {
	for _, n := range []int{100, 1000, 9000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmark[user](b, request(`"extra":{"a":1`+unknown(n)+`,"a":2}`), false)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/name")
		})
	}
}

// BenchmarkByHand measures a handler that calls encoding/json and validator itself.
func BenchmarkByHand(b *testing.B) {
	b.Run("65B", func(b *testing.B) { byHand[small](b, smallBody) })
	b.Run("50 items", func(b *testing.B) { byHand[order](b, orderBody(50)) })
}

func byHand[T any](b *testing.B, body string) {
	v := validator.New(validator.WithRequiredStructEnabled())
	in := rewind(body)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var x T
		if err := json.NewDecoder(in.request().Body).Decode(&x); err != nil {
			b.Fatal(err)
		}
		if err := v.Struct(&x); err != nil {
			b.Fatal(err)
		}
	}
}
