package requestid_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"testing"

	"github.com/backstop-go/backstop/requestid"
)

// With Forward, an inner handler that reads the header of the request finds the ID that the client
// gets.
func TestForward(t *testing.T) {
	trusting := func(*http.Request) bool { return true }
	for _, tt := range []struct {
		name   string
		cfg    requestid.Config
		header string   // under which the client sends
		sent   []string // by the client
		own    string   // header that carries the ID
		adopts bool
	}{
		{"nothing sent", requestid.Config{Forward: true}, "X-Request-Id", nil, "X-Request-Id", false},
		{"an ID that is not trusted", requestid.Config{Forward: true}, "X-Request-Id", []string{"attacker-1"}, "X-Request-Id", false},
		{"several lines", requestid.Config{Forward: true}, "X-Request-Id", []string{"attacker-1", "attacker-2"}, "X-Request-Id", false},
		{"control characters", requestid.Config{Forward: true}, "X-Request-Id", []string{"a\x1b[31m"}, "X-Request-Id", false},
		{"a trusted ID", requestid.Config{Forward: true, Trust: trusting}, "X-Request-Id", []string{"trusted-1"}, "X-Request-Id", true},
		{"another header", requestid.Config{Forward: true, Header: "x-correlation-id"}, "X-Correlation-Id", []string{"attacker-1"}, "X-Correlation-Id", false},
		{"adopted from another header", requestid.Config{Forward: true, Inbound: []string{"X-Trace"}, Trust: trusting}, "X-Trace", []string{"trusted-1"}, "X-Request-Id", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ids, err := requestid.New(tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			var inner []string
			h := ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inner = r.Header[tt.own] }))
			r := httptest.NewRequest("GET", "/", nil)
			r.Header["Accept"] = []string{"text/html"}
			if tt.sent != nil {
				r.Header[tt.header] = tt.sent
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			told := w.Header()[tt.own]
			if len(told) != 1 || !slices.Equal(inner, told) {
				t.Errorf("the handler finds %q and the client gets %q, want one ID in both", inner, told)
			}
			if adopted := len(tt.sent) == 1 && slices.Equal(told, tt.sent); adopted != tt.adopts {
				t.Errorf("the ID is %q, adopted %t, want %t", told, adopted, tt.adopts)
			}
			if !slices.Equal(r.Header[tt.header], tt.sent) {
				t.Errorf("the request outside has %q, want what the client has sent: %q", r.Header[tt.header], tt.sent)
			}
		})
	}
}

func TestForwardKeepsTheOtherFields(t *testing.T) {
	issuer(t, requestid.Config{Forward: true}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != "text/html" {
			t.Errorf("Accept is %q, want what the client has sent", got)
		}
	})).ServeHTTP(httptest.NewRecorder(), get("Accept: text/html"))
}

func TestWithoutForwardTheRequestIsNotChanged(t *testing.T) {
	ids, err := requestid.New(requestid.Config{})
	if err != nil {
		t.Fatal(err)
	}
	h := ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := r.Header["X-Request-Id"]; !slices.Equal(got, []string{"client-1"}) {
			t.Errorf("the handler finds %q, want what the client has sent", got)
		}
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Request-Id", "client-1")
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// A reverse proxy without a Transport sends the upstream the ID that the client gets.
func TestForwardThroughAReverseProxy(t *testing.T) {
	var got []string
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header["X-Request-Id"] }))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := requestid.New(requestid.Config{Forward: true})
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	front := httptest.NewServer(ids.Handler(proxy))
	defer front.Close()
	req, err := http.NewRequest("GET", front.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Request-Id", "attacker-1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if told := resp.Header["X-Request-Id"]; len(told) != 1 || !slices.Equal(got, told) || told[0] == "attacker-1" {
		t.Errorf("the upstream gets %q and the client gets %q, want one ID in both", got, told)
	}
}
