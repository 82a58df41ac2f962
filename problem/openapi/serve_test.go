package openapi_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

func TestServeHTTP(t *testing.T) {
	doc := document(t, config(problem.RFC9457, op("GET /")))
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	ask := func(method string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/openapi.json", nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		errs.Handler(doc).ServeHTTP(w, r)
		return w
	}
	got := ask("GET")
	etag := got.Header().Get("ETag")
	if got.Code != 200 || got.Body.String() != string(doc.JSON()) || got.Header().Get("Content-Type") != "application/json" ||
		len(etag) < 10 || !strings.HasPrefix(etag, `"`) || strings.HasPrefix(etag, "W/") {
		t.Errorf("GET = %d %v, want the document with a strong ETag", got.Code, got.Header())
	}
	if got := ask("HEAD"); got.Code != 200 || got.Body.Len() > 0 || got.Header().Get("Content-Length") != fmt.Sprint(len(doc.JSON())) {
		t.Errorf("HEAD = %d %v %q, want the header of GET", got.Code, got.Header(), got.Body)
	}
	for _, none := range []string{etag, "*", `"x", ` + etag, "W/" + etag} {
		for _, method := range []string{"GET", "HEAD"} {
			if got := ask(method, "If-None-Match", none); got.Code != 304 || got.Body.Len() > 0 || got.Header().Get("ETag") != etag {
				t.Errorf("%s with If-None-Match %s = %d %q, want 304", method, none, got.Code, got.Body)
			}
		}
	}
	if got := ask("GET", "If-None-Match", `"other"`); got.Code != 200 {
		t.Errorf("GET with another ETag = %d, want 200", got.Code)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if got := ask(method); got.Code != 405 || got.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s = %d, Allow %q, want 405", method, got.Code, got.Header().Get("Allow"))
		}
	}
	other := document(t, config(problem.RFC9457, op("GET /other")))
	w := httptest.NewRecorder()
	other.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Header().Get("ETag") == etag {
		t.Error("two documents have one ETag")
	}
}
