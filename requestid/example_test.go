package requestid_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"

	"github.com/backstop-go/backstop/requestid"
)

// fixed is an issuer whose IDs an example can print.
func fixed(cfg requestid.Config) *requestid.Issuer {
	cfg.Generate = func() string { return "the-first" }
	ids, err := requestid.New(cfg)
	if err != nil {
		panic(err)
	}
	return ids
}

// Every response carries the ID, and every handler can read it.
func Example() {
	ids := fixed(requestid.Config{})
	h := ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("handler:", requestid.FromContext(r.Context()))
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println("client:", w.Header().Get("X-Request-ID"))
	// Output:
	// handler: the-first
	// client: the-first
}

// Each record that is logged with the context of a request has the ID of the request.
func ExampleNewLogHandler() {
	log := slog.New(requestid.NewLogHandler(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // it differs in every run
			}
			return a
		},
	})))
	h := fixed(requestid.Config{}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		log.InfoContext(r.Context(), "note stored", "note", 7)
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output:
	// level=INFO msg="note stored" note=7 request_id=the-first
}

// This client sends the ID to a service of your own, and to no other host.
func ExampleTransport() {
	told := func(name string) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			fmt.Printf("%s: %q\n", name, r.Header.Get("X-Request-ID"))
		}))
	}
	billing, stranger := told("billing"), told("stranger")
	defer billing.Close()
	defer stranger.Close()
	address, err := url.Parse(billing.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: &requestid.Transport{Hosts: []string{address.Host}}}

	h := fixed(requestid.Config{}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for _, target := range []string{billing.URL, stranger.URL} {
			out, err := http.NewRequestWithContext(r.Context(), "GET", target, nil) // the context has the ID
			if err != nil {
				fmt.Println(err)
				return
			}
			resp, err := client.Do(out)
			if err != nil {
				fmt.Println(err)
				return
			}
			resp.Body.Close()
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output:
	// billing: "the-first"
	// stranger: ""
}

// An ID of a trusted proxy is adopted. An ID of any other peer is only logged.
func ExampleTrustPeers() {
	ids := fixed(requestid.Config{Trust: requestid.TrustPeers(netip.MustParsePrefix("10.0.0.0/16"))})
	h := ids.Handler(http.NotFoundHandler())
	for _, peer := range []string{"10.0.3.4:4711", "203.0.113.7:4711"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Request-ID", "proxy-8c41")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(peer, w.Header().Get("X-Request-ID"))
	}
	// Output:
	// 10.0.3.4:4711 proxy-8c41
	// 203.0.113.7:4711 the-first
}
