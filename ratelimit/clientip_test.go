package ratelimit_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
)

// from returns a request from a peer, with lines of X-Forwarded-For.
func from(peer string, lines ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = peer
	for _, line := range lines {
		r.Header.Add("X-Forwarded-For", line)
	}
	return r
}

func TestRemoteIP(t *testing.T) {
	for _, c := range []struct{ peer, want string }{
		{"203.0.113.7:4711", "203.0.113.7"},
		{"203.0.113.7", "203.0.113.7"},
		{"[::ffff:1.2.3.4]:80", "1.2.3.4"},
		{"[::ffff:102:304]:80", "1.2.3.4"},
		{"[64:ff9b::1.2.3.4]:80", "1.2.3.4"},
		{"[2001:db8::1.2.3.4]:80", "2001:db8::/64"}, // an address of IPv6
		{"[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::/64"},
		{"[fe80::1%eth0]:80", "fe80::/64"},
		{"[::1]:80", "::/64"},
		{"@", ""},
		{"", ""},
		{"/run/app.sock", ""},
		{"0.0.0.0:80", ""},
		{"203.0.113.07:80", ""}, // some parsers take it for an octal number
		{"203.0.113.7:80:90", ""},
	} {
		r := from(c.peer, "198.51.100.1") // RemoteIP ignores the header
		key, ok := ratelimit.RemoteIP(r)
		if ok && key != c.want || ok != (c.want != "") {
			t.Errorf("RemoteIP of %q = %q, %t, want %q", c.peer, key, ok, c.want)
		}
		if r.RemoteAddr != c.peer {
			t.Errorf("RemoteAddr after RemoteIP = %q, want %q as before", r.RemoteAddr, c.peer)
		}
	}
}

func prefixes(list ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range list {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

func TestClientIP(t *testing.T) {
	networks := prefixes("10.1.2.3/8", "2001:db8:ff::/48", "::ffff:192.168.0.0/112", "2001:db8:aa::1/128")
	c, err := ratelimit.NewClientIP(ratelimit.IPConfig{
		Trusted: networks,
	})
	if err != nil {
		t.Fatal(err)
	}
	if networks[0] != netip.MustParsePrefix("10.1.2.3/8") {
		t.Errorf("NewClientIP has changed the list of the caller, to %v", networks)
	}
	networks[0] = netip.MustParsePrefix("203.0.113.0/24") // has no effect any more
	many := strings.Repeat("10.0.0.1, ", 99) + "10.0.0.1"
	for _, tt := range []struct {
		name  string
		peer  string
		lines []string
		want  string // "" is not ok
	}{
		{"an untrusted peer is the client", "203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		{"the rightmost entry was written by the nearest proxy", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"trusted entries are passed over", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		{"lines are one list", "10.0.0.1:1", []string{"1.1.1.1", "198.51.100.1", "10.9.9.9"}, "198.51.100.1"},
		{"an entry to the left of the client is not read", "10.0.0.1:1", []string{"nonsense, 198.51.100.1"}, "198.51.100.1"},
		{"without the header the peer is the client", "10.0.0.1:1", nil, "10.0.0.1"},
		{"if all entries are trusted, the leftmost is the client", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a port", "10.0.0.1:1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"brackets", "10.0.0.1:1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"brackets and a port", "10.0.0.1:1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"space and tabs", "10.0.0.1:1", []string{"1.1.1.1,\t 198.51.100.1 \t"}, "198.51.100.1"},
		{"a wrapped address", "10.0.0.1:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a wrapped address, in digits", "10.0.0.1:1", []string{"::ffff:c633:6401"}, "198.51.100.1"},
		{"a wrapped proxy", "[::ffff:10.0.0.1]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a wrapped network", "192.168.0.9:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy on IPv6 with a zone", "[2001:db8:ff::1%eth0]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a network of one address", "[2001:db8:aa::1]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"the neighbour of a network of one address", "[2001:db8:aa::2]:1", []string{"198.51.100.1"}, "2001:db8:aa::2"},
		{"NAT64", "10.0.0.1:1", []string{"64:ff9b::c633:6401"}, "198.51.100.1"},
		{"a trusted proxy behind NAT64", "10.0.0.1:1", []string{"198.51.100.1, 64:ff9b::10.0.0.2"}, "198.51.100.1"},
		{"an entry that is no address", "10.0.0.1:1", []string{"198.51.100.1, unknown, 10.0.0.2"}, ""},
		{"an empty entry", "10.0.0.1:1", []string{"198.51.100.1,"}, ""},
		{"an empty line", "10.0.0.1:1", []string{""}, ""},
		{"an unspecified entry", "10.0.0.1:1", []string{"0.0.0.0"}, ""},
		{"an unspecified entry, IPv6", "10.0.0.1:1", []string{"::"}, ""},
		{"leading zeros", "10.0.0.1:1", []string{"198.051.100.1"}, ""},
		{"a hundred entries are read", "10.0.0.1:1", []string{many}, "10.0.0.1"},
		{"and no more", "10.0.0.1:1", []string{"198.51.100.1," + many}, ""},
		{"a Unix socket", "@", []string{"198.51.100.1"}, ""},
		{"brackets around nothing", "10.0.0.1:1", []string{"[]"}, ""},
		{"half a bracket", "10.0.0.1:1", []string{"["}, ""},
	} {
		r := from(tt.peer, tt.lines...)
		addr, ok := c.Addr(r)
		if ok && addr.String() != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: Addr = %v, %t, want %q", tt.name, addr, ok, tt.want)
		}
		if key, keyOK := c.Key(r); keyOK != ok || ok && addr.Is4() && key != tt.want {
			t.Errorf("%s: Key = %q, %t, want that of %q", tt.name, key, keyOK, tt.want)
		}
	}
}

func TestClientIP_options(t *testing.T) {
	c, err := ratelimit.NewClientIP(ratelimit.IPConfig{TrustUnix: true, Header: "x-real-ip", IPv6Bits: 56})
	if err != nil {
		t.Fatal(err)
	}
	for _, peer := range []string{"", "@", "@name", "/run/app.sock"} {
		r := from(peer, "198.51.100.1")
		if addr, ok := c.Addr(r); ok {
			t.Errorf("Addr of the Unix socket %q without the header = %v, want none", peer, addr)
		}
		r.Header.Set("X-Real-IP", "2001:db8:1:2ff:3:4:5:6")
		if key, ok := c.Key(r); !ok || key != "2001:db8:1:200::/56" {
			t.Errorf("Key of the Unix socket %q = %q, %t, want the /56 of X-Real-IP", peer, key, ok)
		}
	}
	r := from("nonsense")
	r.Header.Set("X-Real-IP", "198.51.100.1")
	if addr, ok := c.Addr(r); ok {
		t.Errorf("Addr of a peer that is neither address nor socket = %v, want none", addr)
	}
	var zero ratelimit.ClientIP
	if key, ok := zero.Key(from("[2001:db8::1]:1", "198.51.100.1")); !ok || key != "2001:db8::/64" {
		t.Errorf("Key of a zero ClientIP = %q, %t, want that of the peer", key, ok)
	}
	if addr, ok := zero.Addr(from("garbage", "198.51.100.1")); ok {
		t.Errorf("Addr of a zero ClientIP for a peer without address = %v, want none", addr)
	}
}

func TestNewClientIP_tellsAllFaults(t *testing.T) {
	for _, c := range []struct {
		cfg  ratelimit.IPConfig
		want []string
	}{
		{ratelimit.IPConfig{}, []string{"no trusted network"}},
		{
			ratelimit.IPConfig{
				Trusted:  append(prefixes("0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96", "::ffff:0.0.0.0/90"), netip.Prefix{}),
				Header:   "forwarded",
				IPv6Bits: 32,
			},
			[]string{"0.0.0.0/0 is", "::/0 is", "::ffff:0.0.0.0/96 is", "::ffff:0.0.0.0/90 is", "invalid Prefix is", `"Forwarded" does not hold a list`, "32 is not between 48 and 64"},
		},
		{ratelimit.IPConfig{Trusted: prefixes("10.0.0.0/8"), IPv6Bits: 65}, []string{"65 is not"}},
	} {
		got, err := ratelimit.NewClientIP(c.cfg)
		if err == nil || got != nil {
			t.Fatalf("NewClientIP(%+v) = %v, %v, want an error", c.cfg, got, err)
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("NewClientIP(%+v) = error %q, want %q in it", c.cfg, err, want)
			}
		}
		if n := len(strings.Split(err.Error(), "\n")); n != len(c.want) {
			t.Errorf("NewClientIP(%+v) reports %d faults, want %d: %v", c.cfg, n, len(c.want), err)
		}
	}
}

// A client cannot choose its address: the address is the one that the trusted proxy has
// appended. It is never the address of a trusted proxy, never an IPv4 address inside IPv6, and
// never unspecified.
func FuzzClientIP(f *testing.F) {
	trusted := prefixes("10.0.0.0/8")
	c, err := ratelimit.NewClientIP(ratelimit.IPConfig{Trusted: trusted})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("1.1.1.1", "::1")
	f.Add("10.0.0.9, [::ffff:10.0.0.1]:80,", "")
	f.Fuzz(func(t *testing.T, written, line string) {
		r := from("10.0.0.1:1", line, written+", 198.51.100.1")
		if addr, ok := c.Addr(r); !ok || addr.String() != "198.51.100.1" {
			t.Errorf("Addr behind %q = %v, %t, want what the proxy has appended", written, addr, ok)
		}
		r = from("10.0.0.1:1", line, written)
		addr, ok := c.Addr(r)
		if ok && (!addr.IsValid() || addr.IsUnspecified() || addr.Is4In6() || addr.Zone() != "") {
			t.Errorf("Addr of %q, %q = %v, want a plain address", line, written, addr)
		}
		if key, keyOK := c.Key(r); keyOK != ok || ok != (key != "") {
			t.Errorf("Key of %q, %q = %q, %t, want that of %v", line, written, key, keyOK, addr)
		}
		r = from(written, "198.51.100.1")
		if addr, ok := c.Addr(r); ok && trusted[0].Contains(addr) {
			t.Errorf("Addr of the peer %q = %v, want what it forwards", written, addr)
		}
	})
}
