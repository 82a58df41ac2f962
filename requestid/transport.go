package requestid

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Transport sends the ID of the exchange on to other services: on requests that
// carry its context, to the hosts that are listed. A value of the header that the
// handler has set itself stays; one that only came in with the request, as
// httputil.ReverseProxy passes it on, does not. The zero Transport sends the ID to
// nobody.
//
// The list keeps an ID from strangers, also when one of ours redirects to them.
// A Transport is safe for concurrent use as long as its members do not change.
type Transport struct {
	Base   http.RoundTripper // default http.DefaultTransport
	Header string            // default [DefaultHeader]
	Hosts  []string          // as in URLs: "api.internal" means any port, "api.internal:8443" that one
}

// RoundTrip sends the request, or a copy of it that has the ID. It implements
// [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	header := DefaultHeader
	if t.Header != "" {
		header = t.Header
	}
	header = textproto.CanonicalMIMEHeaderKey(header)
	x := exchange.From(r.Context())
	id := x.ID()
	if id == "" || !t.lists(r) {
		return base.RoundTrip(r)
	}
	if set := r.Header[header]; set != nil && !slices.Equal(set, x.Request().Header[header]) {
		return base.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header[header] = []string{id}
	return base.RoundTrip(r)
}

// lists reports whether the target of r is one of the hosts.
func (t *Transport) lists(r *http.Request) bool {
	return slices.ContainsFunc(t.Hosts, func(host string) bool {
		return strings.EqualFold(host, r.URL.Hostname()) || strings.EqualFold(host, r.URL.Host)
	})
}
