package requestid_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/backstop-go/backstop/requestid"
)

// inContext returns the context of a request whose ID is "mine".
func inContext(t *testing.T) (ctx context.Context) {
	t.Helper()
	ids := issuer(t, requestid.Config{Generate: func() string { return "mine" }})
	ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ctx = context.WithoutCancel(r.Context())
	})).ServeHTTP(httptest.NewRecorder(), get())
	return ctx
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransportSendsTheIDToListedHosts(t *testing.T) {
	for _, tt := range []struct {
		name  string
		url   string
		hosts []string
		has   string // the header beforehand
		want  string
	}{
		{"a listed host", "http://api.internal/", []string{"other", "API.internal"}, "", "mine"},
		{"a listed host, any port", "http://api.internal:81/", []string{"api.internal"}, "", "mine"},
		{"a listed port", "http://api.internal:81/", []string{"api.internal:81"}, "", "mine"},
		{"another port", "http://api.internal:82/", []string{"api.internal:81"}, "", ""},
		{"another host", "http://example.com/", []string{"api.internal"}, "", ""},
		{"a longer name", "http://api.internal.example.com/", []string{"api.internal"}, "", ""},
		{"no list", "http://api.internal/", nil, "", ""},
		{"a header that is there", "http://api.internal/", []string{"api.internal"}, "theirs", "theirs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			tr := &requestid.Transport{Hosts: tt.hosts, Base: tripper(func(r *http.Request) (*http.Response, error) {
				got = r.Header.Get("X-Request-ID")
				return &http.Response{Body: http.NoBody}, nil
			})}
			r, err := http.NewRequestWithContext(inContext(t), "GET", tt.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.has != "" {
				r.Header.Set("X-Request-ID", tt.has)
			}
			for range 2 { // the same request twice
				if _, err := tr.RoundTrip(r); err != nil || got != tt.want {
					t.Errorf("the header is %q (%v), want %q", got, err, tt.want)
				}
				if r.Header.Get("X-Request-ID") != tt.has {
					t.Errorf("the header of the original request has become %v", r.Header)
				}
			}
		})
	}
}

func TestTransportCopesWithANilHeader(t *testing.T) {
	var got string
	tr := &requestid.Transport{Header: "x-trace", Hosts: []string{"h"}, Base: tripper(func(r *http.Request) (*http.Response, error) {
		got = r.Header.Get("X-Trace")
		return &http.Response{Body: http.NoBody}, nil
	})}
	r, err := http.NewRequestWithContext(inContext(t), "GET", "http://h/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = nil
	if _, err := tr.RoundTrip(r); err != nil || got != "mine" || r.Header != nil {
		t.Errorf("the header is %q (%v) and the original has %v, want mine and nil", got, err, r.Header)
	}
}

func TestRedirectDoesNotCarryTheIDToStrangers(t *testing.T) {
	stranger := make(chan string, 1)
	abroad := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stranger <- r.Header.Get("X-Request-ID")
	}))
	defer abroad.Close()
	ours := make(chan string, 1)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ours <- r.Header.Get("X-Request-ID")
		http.Redirect(w, r, abroad.URL, http.StatusFound)
	}))
	defer home.Close()
	client := http.Client{Transport: &requestid.Transport{Hosts: []string{home.Listener.Addr().String()}}}
	r, err := http.NewRequestWithContext(inContext(t), "GET", home.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if at := <-ours; at != "mine" {
		t.Errorf("our host gets %q, want mine", at)
	}
	if at := <-stranger; at != "" {
		t.Errorf("the stranger gets %q, want nothing", at)
	}
}

// If a proxy only copies the ID of the incoming request, the Transport replaces it by the ID that
// our client gets. An ID that the handler has set is kept.
func TestTransportReplacesWhatCameIn(t *testing.T) {
	var got []string
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header["X-Request-Id"] }))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	hosts := []string{target.Host}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &requestid.Transport{Hosts: hosts},
	}
	call := func(set string) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) {
			out, err := http.NewRequestWithContext(r.Context(), "GET", upstream.URL, nil)
			if err != nil {
				t.Error(err)
				return
			}
			out.Header.Set("X-Request-Id", set)
			resp, err := (&requestid.Transport{Hosts: hosts}).RoundTrip(out)
			if err == nil {
				resp.Body.Close()
			}
		}
	}
	bare := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	for _, c := range []struct {
		name     string
		cfg      requestid.Config
		h        http.Handler
		came     string
		ours     bool
		verbatim string
	}{
		{"a proxy with the Transport", requestid.Config{}, proxy, "attacker-1", true, ""},
		{"a proxy with the Transport, and a malformed value", requestid.Config{}, proxy, "x y", true, ""},
		{"a proxy with the Transport, and no value", requestid.Config{}, proxy, "", true, ""},
		{"a value that the handler has set", requestid.Config{}, call("chosen-12"), "attacker-1", false, "chosen-12"},
		{"the value of the incoming request, set by the handler", requestid.Config{}, call("attacker-1"), "attacker-1", true, ""},
		{"a proxy without the Transport", requestid.Config{}, bare, "attacker-1", false, "attacker-1"},
		{"a proxy without the Transport, with Forward", requestid.Config{Forward: true}, bare, "attacker-1", true, ""},
	} {
		ids, err := requestid.New(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		if c.came != "" {
			r.Header.Set("X-Request-Id", c.came)
		}
		got = nil
		ids.Handler(c.h).ServeHTTP(w, r)
		want := c.verbatim
		if c.ours {
			want = w.Header().Get("X-Request-Id")
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: the upstream gets %q, want %q", c.name, got, want)
		}
		if r.Header.Get("X-Request-Id") != c.came {
			t.Errorf("%s: the request of an outer middleware now has %q, want the value that the client has sent", c.name, r.Header.Get("X-Request-Id"))
		}
	}
}
