package validate_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/backstop-go/backstop/validate"
)

func handle[T any](http.ResponseWriter, *http.Request, T) error { return nil }

func TestHandlerPutsTheBodyBack(t *testing.T) {
	for _, body := range []string{request("{<OK>}"), request("{<OK>}\r\n "), " " + request(`"age":1`)} {
		var got string
		h := validate.Handler[user](nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				t.Errorf("reading the body again = %v", err)
			}
			got = string(data)
			if r.ContentLength != int64(len(got)) || r.TransferEncoding != nil {
				t.Errorf("ContentLength = %d, TransferEncoding = %v, want %d and none", r.ContentLength, r.TransferEncoding, len(got))
			}
			if in := validate.FromContext[user](r.Context()); in.Email != "a@b.co" {
				t.Errorf("FromContext has email %q, want what was sent", in.Email)
			}
		}))
		r := post(body)
		r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != body {
			t.Errorf("inside Handler the body = %q, want %q", got, body)
		}
	}
}

func TestHandlerCopiesBackWhatTheRouterLearns(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /x", func(http.ResponseWriter, *http.Request) {})
	r := post(request("{<OK>}"))
	r.URL.Path = "/x"
	validate.Handler[user](nil)(mux).ServeHTTP(httptest.NewRecorder(), r)
	if r.Pattern != "POST /x" {
		t.Errorf("the pattern of the outer request = %q, want the one of the route", r.Pattern)
	}
}

func TestHandlerRefuses(t *testing.T) {
	h := validate.Handler[user](nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the handler ran for a bad request")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("{"))
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"code":"invalid_request"`) {
		t.Errorf("the answer to a bad request = %d %s, want a 400 in RFC 9457", w.Code, w.Body)
	}
}

func TestTwoHandlers(t *testing.T) {
	type outer struct {
		Email string `json:"email"`
	}
	ran := false
	last := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ran = true
		if in := validate.FromContext[outer](r.Context()); in.Email != "a@b.co" {
			t.Errorf("FromContext of the outer type = %+v, want the email", in)
		}
		if in := validate.FromContext[user](r.Context()); in.Name != "Al" {
			t.Errorf("FromContext of the inner type = %+v, want the name", in)
		}
	})
	h := validate.Handler[outer](nil)(validate.Handler[user](nil)(last))
	h.ServeHTTP(httptest.NewRecorder(), post(request("{<OK>}")))
	if !ran {
		t.Error("the handler inside two Handlers did not run")
	}

	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if in := validate.FromContext[*outer](r.Context()); in.Email != "inner" {
			t.Errorf("FromContext = %+v, want the value of the innermost Handler", in)
		}
	})
	again := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(`{"email":"inner"}`))
		validate.Handler[*outer](nil)(inner).ServeHTTP(w, r)
	})
	validate.Handler[*outer](nil)(again).ServeHTTP(httptest.NewRecorder(), post(`{"email":"outer"}`))
}

func TestFromContextNamesTheType(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "validate_test.item") {
			t.Errorf("FromContext without Handler panics with %q, want the type named", text)
		}
	}()
	validate.FromContext[item](context.Background())
}

func TestManyGoroutinesShareAValidator(t *testing.T) {
	v, err := validate.New(validate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for _, body := range []string{request("{<OK>}"), request(`"items":[{"name":1,"qty":0}]`)} {
				if _, err := validate.Decode[user](v, nil, post(body)); outcome(err) != "ok" && outcome(err) != "V(items[0].name type, items[0].qty min)" {
					t.Errorf("Decode(%s) = %s beside 63 others", body, outcome(err))
				}
			}
		})
	}
	wg.Wait()
}

func TestHandlerWithoutBodyMembersLeavesTheBodyAlone(t *testing.T) {
	h := validate.Handler[search](nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if data, _ := io.ReadAll(r.Body); string(data) != "left alone" {
			t.Errorf("the body = %q, want it unchanged", data)
		}
	}))
	r := httptest.NewRequest(http.MethodPost, "/?q=abc", strings.NewReader("left alone"))
	r.SetPathValue("org", "o")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("a request with good parameters and any body = %d %s, want 200", w.Code, w.Body)
	}
}

func TestHandlerOfAnEmptyBody(t *testing.T) {
	type optional struct {
		Name string `json:"name"`
	}
	v, err := validate.New(validate.Config{AllowEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"", " \r\n"} {
		read := false
		h := validate.Handler[*optional](v)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			data, err := io.ReadAll(r.Body)
			if err != nil || string(data) != body {
				t.Errorf("inside Handler the empty body %q is read as %q, %v", body, data, err)
			}
			read = validate.FromContext[*optional](r.Context()) != nil
		}))
		h.ServeHTTP(httptest.NewRecorder(), post(body))
		if !read {
			t.Errorf("with AllowEmpty the body %q gives no value, want the zero one", body)
		}
	}
}

// If the function fails after it has begun to answer, the answer is cut, even without any other
// middleware.
func TestHandlerFuncCutsAHalfSentAnswer(t *testing.T) {
	type nothing struct{}
	h := validate.HandlerFunc(nil, func(w http.ResponseWriter, _ *http.Request, _ nothing) error {
		w.Write([]byte(`{"half":`))
		return errors.New("the other half is lost")
	})
	srv := httptest.NewServer(h)
	defer srv.Close()
	res, err := http.Post(srv.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("a half-sent answer arrives as %q and looks complete", body)
	}
}
