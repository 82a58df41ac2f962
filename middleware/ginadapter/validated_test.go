package ginadapter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/validate"
)

// Two structs as services of gin have them: an account whose JSON has an
// envelope, and a listing that is a form, a query or JSON.
type (
	signup struct {
		Account struct {
			Login    string `form:"login" json:"login" binding:"required,min=3,max=32"`
			Mail     string `form:"mail" json:"mail" binding:"required,email"`
			Password string `form:"password" json:"password" binding:"required,min=8,max=72"`
			Site     string `form:"site" json:"site" binding:"omitempty,url"`
		} `json:"account"`
	}
	booking struct {
		Room    int       `form:"room" json:"room" binding:"required,min=1"`
		From    time.Time `form:"from" json:"from" binding:"required" time_format:"2006-01-02" time_utc:"true"`
		Nights  int       `form:"nights,default=1" json:"nights" binding:"omitempty,max=30"`
		Extras  []string  `form:"extras" json:"extras" binding:"max=3"`
		Sort    string    `form:"sort,default=asc" json:"sort" binding:"omitempty,oneof=asc desc"`
		Comment *string   `form:"comment" json:"comment" binding:"omitempty,max=20"`
	}
	bookingID struct {
		Hotel string `uri:"hotel" binding:"required"`
		ID    int    `uri:"id" binding:"required,min=1"`
	}
)

func binding(t testing.TB) *validate.Validator {
	t.Helper()
	v, err := validate.New(validate.Config{TagName: "binding"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// served is what both handlers of a T make of a request: gin's ShouldBind and
// ours. The second result is whether it was accepted.
func served[T any](t *testing.T, r func() *http.Request) (ours, gins string, ok, ginOK bool) {
	t.Helper()
	e := gin.New()
	e.Any("/ours", ginadapter.Validated(binding(t), func(c *gin.Context, in T) error {
		ours, ok = fmt.Sprintf("%+v", dereferenced(in)), true
		return nil
	}))
	e.Any("/gins", func(c *gin.Context) {
		var in T
		if err := c.ShouldBind(&in); err == nil {
			gins, ginOK = fmt.Sprintf("%+v", dereferenced(in)), true
		}
	})
	for _, path := range []string{"/ours", "/gins"} {
		r := r()
		r.URL.Path = path
		e.ServeHTTP(httptest.NewRecorder(), r)
	}
	return ours, gins, ok, ginOK
}

// dereferenced makes values with pointers comparable as text.
func dereferenced(in any) string {
	text, err := json.Marshal(in)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func request(method, target, kind, body string) func() *http.Request {
	return func() *http.Request {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		return r
	}
}

func form(fields ...string) func() *http.Request {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		w.WriteField(fields[i], fields[i+1])
	}
	w.Close()
	return request("POST", "/", w.FormDataContentType(), b.String())
}

// Good requests become the same values as with gin, and bad ones are bad for
// both.
func TestValidatedReadsAsGinDoes(t *testing.T) {
	const urlencoded = "application/x-www-form-urlencoded"
	const account = `{"account":{"login":"ann","mail":"a@b.co","password":"longenough"}}`
	for name, tt := range map[string]struct {
		both func(*testing.T, func() *http.Request) (string, string, bool, bool)
		r    func() *http.Request
		ok   bool
	}{
		"an account":               {served[signup], request("POST", "/", "application/json", account), true},
		"an account without mail":  {served[signup], request("POST", "/", "application/json", `{"account":{"login":"ann","password":"longenough"}}`), false},
		"a short password":         {served[signup], request("POST", "/", "application/json", strings.Replace(account, "longenough", "short", 1)), false},
		"a booking as JSON":        {served[booking], request("POST", "/", "application/json", `{"room":7,"from":"2026-01-02T00:00:00Z","comment":"x"}`), true},
		"a booking as a form":      {served[booking], request("POST", "/", urlencoded, "room=7&from=2026-01-02&extras=a&extras=b"), true},
		"a booking as a query":     {served[booking], request("GET", "/?room=7&from=2026-01-02&nights=3&sort=desc", "", ""), true},
		"a booking as multipart":   {served[booking], form("room", "7", "from", "2026-01-02", "comment", "late"), true},
		"a booking without a room": {served[booking], request("POST", "/", urlencoded, "from=2026-01-02"), false},
		"a booking of many nights": {served[booking], request("GET", "/?room=7&from=2026-01-02&nights=31", "", ""), false},
		"a booking on no day":      {served[booking], form("room", "7", "from", "tomorrow"), false},
	} {
		ours, gins, ok, ginOK := tt.both(t, tt.r)
		if ok != tt.ok || ginOK != tt.ok {
			t.Errorf("%s: accepted %v, by gin %v, want %v", name, ok, ginOK, tt.ok)
		}
		if ours != gins {
			t.Errorf("%s:\n  %s\nwant what gin makes of it:\n  %s", name, ours, gins)
		}
	}
}

func TestValidatedReadsThePath(t *testing.T) {
	for name, use := range map[string][]gin.HandlerFunc{
		"bare":     nil,
		"Standard": {ginadapter.Wrap(middleware.Standard(quiet()))},
	} {
		var got bookingID
		e := gin.New()
		e.Use(use...)
		e.GET("/hotels/:hotel/bookings/:id", ginadapter.Validated(binding(t), func(c *gin.Context, in bookingID) error {
			got = in
			return nil
		}))
		for path, want := range map[string]int{"/hotels/ritz/bookings/7": 200, "/hotels/ritz/bookings/0": 422, "/hotels/ritz/bookings/x": 422} {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != want {
				t.Errorf("%s: GET %s = %d %s, want %d", name, path, w.Code, w.Body, want)
			}
			if want == 200 && got != (bookingID{"ritz", 7}) {
				t.Errorf("%s: GET %s = %+v, want both values of the path", name, path, got)
			}
		}
	}
}

// A name that the route has not is a mistake of the program.
func TestValidatedTellsAMisspelledName(t *testing.T) {
	e := gin.New()
	e.GET("/hotels/:hotel/bookings/:nr", ginadapter.Validated(binding(t), func(*gin.Context, bookingID) error { return nil }))
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/hotels/ritz/bookings/7", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("a route without the name id = %d %s, want 500", w.Code, w.Body)
	}
}

func TestValidatedPanicsOnMistakes(t *testing.T) {
	type typo struct {
		Name string `json:"name" binding:"requird"`
	}
	for name, build := range map[string]func(){
		"a typo":         func() { ginadapter.Validated(binding(t), func(*gin.Context, typo) error { return nil }) },
		"the wrong tag":  func() { ginadapter.Validated(nil, func(*gin.Context, booking) error { return nil }) },
		"a nil function": func() { ginadapter.Validated[booking](binding(t), nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Validated of %s did not panic", name)
				}
			}()
			build()
		}()
	}
}

// The error of a bad request is also gin's, and ends its chain.
func TestValidatedEndsTheChain(t *testing.T) {
	e, next := gin.New(), false
	var errs int
	e.Use(func(c *gin.Context) { c.Next(); errs = len(c.Errors) })
	e.POST("/", ginadapter.Validated(binding(t), func(*gin.Context, booking) error { return nil }), func(*gin.Context) { next = true })
	w := httptest.NewRecorder()
	e.ServeHTTP(w, request("POST", "/", "application/json", `{"room":"x"}`)())
	if w.Code != 422 || next || errs != 1 || !strings.Contains(w.Body.String(), "room") {
		t.Errorf("a bad booking = %d %s, next handler ran %v, %d errors; want 422 that names room, false, 1", w.Code, w.Body, next, errs)
	}
}
