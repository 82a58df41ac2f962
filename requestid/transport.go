package requestid

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Transport sends the ID of an exchange to other services: on requests that carry the
// context of the exchange, to the listed hosts. It does not replace an ID that the
// handler has set itself. It does replace an ID that came in with the request, such as
// [net/http/httputil.ReverseProxy] passes on. The zero Transport sends the ID to nobody.
//
// Because of the list, no stranger gets the ID, even if a listed host redirects to one.
// A Transport is safe for concurrent use while its members do not change.
type Transport struct {
	Base   http.RoundTripper // default [http.DefaultTransport]
	Header string            // default [DefaultHeader]
	Hosts  []string          // as in URLs: "api.internal" for any port, "api.internal:8443" for one
}

// RoundTrip implements [http.RoundTripper]. It sends the request, or a copy of it with
// the ID.
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
