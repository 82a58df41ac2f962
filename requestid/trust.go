package requestid

import (
	"net/http"
	"net/netip"
	"slices"
)

// TrustPeers returns a [Config.Trust] that believes peers within the prefixes. It
// looks at the address of the connection alone: whoever sits at the other end
// wrote the forwarded headers, so they prove nothing.
func TrustPeers(prefixes ...netip.Prefix) func(*http.Request) bool {
	prefixes = slices.Clone(prefixes)
	return func(r *http.Request) bool {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return false
		}
		// A zone or the 4-in-6 form would match no prefix.
		addr := peer.Addr().Unmap().WithZone("")
		return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
	}
}
