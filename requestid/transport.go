package requestid

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// Transport sends the ID of the exchange on to other services: on requests that
// carry its context, to the hosts that are listed, unless the header is there
// already. The zero Transport sends it to nobody.
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
	id := FromContext(r.Context())
	if id == "" || r.Header[header] != nil || !t.lists(r) {
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
