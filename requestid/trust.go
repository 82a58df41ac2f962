package requestid

import (
	"net/http"
	"net/netip"
	"slices"
)

// TrustPeers returns a [Config.Trust] that trusts peers within the prefixes. It looks
// only at the address of the connection: a client can write any forwarded header, so
// such headers prove nothing.
func TrustPeers(prefixes ...netip.Prefix) func(*http.Request) bool {
	prefixes = slices.Clone(prefixes)
	return func(r *http.Request) bool {
		peer, _ := netip.ParseAddrPort(r.RemoteAddr) // no prefix contains the zero address
		// A zone or the 4-in-6 form would match no prefix.
		addr := peer.Addr().Unmap().WithZone("")
		return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
	}
}
