package ratelimit

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// RemoteIP is the [KeyFunc] of the address at the other end of the connection: the
// whole of an IPv4 address, the /64 of an IPv6 address. It reads no header, so no
// client can choose its key. Behind a proxy the address is the proxy's, and all
// clients share one bucket: use [NewClientIP] there. A [Limiter] that sees a proxy's
// address logs one warning.
func RemoteIP(r *http.Request) (string, bool) {
	if host := ipv4(r.RemoteAddr); host != "" {
		return host, true
	}
	return new(ClientIP).Key(r)
}

// ipv4 returns the 1.2.3.4 of "1.2.3.4:80", without an allocation, or "" if s has
// another form. An IPv4 address has one spelling, so that text is the key.
func ipv4(s string) string {
	n, digits, part, end := 0, 0, 0, 0 // part 4 is the port
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9' && digits < 5 && (digits == 0 || n > 0):
			n, digits = 10*n+int(c-'0'), digits+1
		case digits > 0 && n < 256 && (c == '.' && part < 3 || c == ':' && part == 3):
			n, digits, part, end = 0, 0, part+1, i
		default:
			return ""
		}
	}
	if part != 4 || digits == 0 || n > 65535 || s[:end] == "0.0.0.0" {
		return ""
	}
	return s[:end]
}

// warnOfProxy warns once if a key is made of the address of a proxy: a peer in the
// same network or on the same machine that names the client in X-Forwarded-For.
func (l *Limiter) warnOfProxy(r *http.Request, key string) {
	if len(r.Header["X-Forwarded-For"]) == 0 || l.warned.Load() {
		return
	}
	ip, ok := RemoteIP(r)
	addr, _ := peer(r)
	if ok && strings.Contains(key, ip) && (addr.IsPrivate() || addr.IsLoopback()) && !l.warned.Swap(true) {
		const text = "rate limit by the address of a proxy: all clients share one bucket, see ratelimit.NewClientIP"
		slog.WarnContext(r.Context(), text, "policy", l.policies[0].Name, "peer", addr)
	}
}

// IPConfig configures a [ClientIP].
type IPConfig struct {
	// Trusted are the networks of your own proxies. Required, except with
	// TrustUnix. A network that contains every address is a fault.
	Trusted []netip.Prefix

	// Header is the header to which these proxies append addresses. Default
	// X-Forwarded-For. The RFC 7239 header Forwarded has another syntax and is a
	// fault.
	Header string

	// IPv6Bits is the length of the prefix of an IPv6 address that is the key,
	// from 48 to 64. A client can choose the rest of its address. Default 64.
	IPv6Bits int

	// TrustUnix trusts a peer without an address: a proxy on a Unix socket.
	TrustUnix bool
}

// ClientIP finds the address of the client behind trusted proxies. It is safe
// for concurrent use. The zero ClientIP trusts no proxy: it returns the peer.
type ClientIP struct{ cfg IPConfig }

const (
	defaultIPv6Bits = 64
	minIPv6Bits     = 48
	maxEntries      = 100 // addresses in the header
)

// nat64 is the well-known prefix of IPv4 addresses in an IPv6 network.
//
// https://www.rfc-editor.org/rfc/rfc6052#section-2.1
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// NewClientIP returns a ClientIP, or all faults of the configuration.
func NewClientIP(cfg IPConfig) (*ClientIP, error) {
	cfg.Header = http.CanonicalHeaderKey(cmp.Or(cfg.Header, "X-Forwarded-For"))
	cfg.IPv6Bits = cmp.Or(cfg.IPv6Bits, defaultIPv6Bits)
	cfg.Trusted = slices.Clone(cfg.Trusted)
	var errs checker
	if len(cfg.Trusted) == 0 && !cfg.TrustUnix {
		errs.fault("no trusted network: set Trusted, or use RemoteIP as the key")
	}
	for i, p := range cfg.Trusted {
		network := p
		if p.Addr().Is4In6() { // [parseEntry] does the same with an address
			network = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if network.Bits() <= 0 {
			errs.fault("trusted network %v is invalid or contains every address", p)
		}
		cfg.Trusted[i] = network.Masked()
	}
	if cfg.Header == "Forwarded" {
		errs.fault("header %q does not hold a list of addresses", cfg.Header)
	}
	if cfg.IPv6Bits < minIPv6Bits || cfg.IPv6Bits > defaultIPv6Bits {
		errs.fault("IPv6Bits of %d is not between %d and %d", cfg.IPv6Bits, minIPv6Bits, defaultIPv6Bits)
	}
	if err := errors.Join(errs.errs...); err != nil {
		return nil, err
	}
	return &ClientIP{cfg}, nil
}

// Key is the [KeyFunc] of the address that [ClientIP.Addr] returns: the whole of an
// IPv4 address, [IPConfig.IPv6Bits] of an IPv6 address.
func (c *ClientIP) Key(r *http.Request) (string, bool) {
	addr, ok := c.Addr(r)
	if !ok {
		return "", false
	}
	if addr.Is4() {
		return addr.String(), true
	}
	// Prefix fails only for a number of bits that [NewClientIP] refuses.
	prefix, _ := addr.Prefix(cmp.Or(c.cfg.IPv6Bits, defaultIPv6Bits))
	return prefix.String(), true
}

// Addr returns the address of the client, without a zone. An IPv4 address that is
// written as IPv6 is returned as IPv4.
//
// A peer that is not trusted is the client, whatever the header says. Behind a
// trusted peer, Addr reads all lines of the header as one list, from the right,
// where the nearest proxy has written. The first address that is not trusted is the
// client. Addr returns false if it meets an entry that is not an address, or more
// than 100 entries: the client may have written all that stands further left.
func (c *ClientIP) Addr(r *http.Request) (netip.Addr, bool) {
	addr, ok := peer(r)
	// Most Unix sockets have no name; others have a path, or an abstract name.
	unix := r.RemoteAddr == "" || r.RemoteAddr[0] == '@' || r.RemoteAddr[0] == '/'
	if ok && !c.trusts(addr) || !ok && !(c.cfg.TrustUnix && unix) {
		return addr, ok
	}
	read := 0
	for _, line := range slices.Backward(r.Header[c.cfg.Header]) {
		for more := true; more; read++ {
			comma := strings.LastIndexByte(line, ',')
			entry := strings.Trim(line[comma+1:], " \t")
			line, more = line[:max(comma, 0)], comma >= 0
			if addr, ok = parseEntry(entry); !ok || read >= maxEntries {
				return netip.Addr{}, false
			}
			if !c.trusts(addr) {
				return addr, true
			}
		}
	}
	return addr, ok
}

func (c *ClientIP) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(c.cfg.Trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// peer returns the address of the socket.
func peer(r *http.Request) (netip.Addr, bool) { return parseEntry(r.RemoteAddr) }

// parseEntry reads an address, with or without brackets and port.
func parseEntry(s string) (netip.Addr, bool) {
	withPort, err := netip.ParseAddrPort(s)
	addr := withPort.Addr()
	if err != nil {
		if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
			s = s[1 : len(s)-1]
		}
		if addr, err = netip.ParseAddr(s); err != nil {
			return netip.Addr{}, false
		}
	}
	addr = addr.Unmap().WithZone("")
	if nat64.Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	return addr, !addr.IsUnspecified()
}
