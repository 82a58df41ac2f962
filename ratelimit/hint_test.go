package ratelimit_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/ratelimit"
)

func TestRemoteIP_warnsBehindAProxy(t *testing.T) {
	behind, err := ratelimit.NewClientIP(ratelimit.IPConfig{Trusted: prefixes("10.0.0.0/8")})
	if err != nil {
		t.Fatal(err)
	}
	const client = "s3cr3t, 198.51.100.1"
	for _, c := range []struct {
		name  string
		key   ratelimit.KeyFunc
		peer  string
		lines []string
		want  bool
	}{
		{"a private peer that forwards", ratelimit.RemoteIP, "10.0.0.1:80", []string{client}, true},
		{"another private peer", ratelimit.RemoteIP, "192.168.7.7:80", []string{client}, true},
		{"this machine", ratelimit.RemoteIP, "127.0.0.1:80", []string{client}, true},
		{"this machine, IPv6", ratelimit.RemoteIP, "[::1]:80", []string{client}, true},
		{"a private peer, IPv6", ratelimit.RemoteIP, "[fd00::7]:80", []string{client}, true},
		{"wrapped", ratelimit.RemoteIP, "[::ffff:10.0.0.1]:80", []string{client}, true},
		{"several lines", ratelimit.RemoteIP, "10.0.0.1:80", []string{"", client}, true},
		{"as one of several keys", ratelimit.First(ratelimit.BearerToken, ratelimit.RemoteIP), "10.0.0.1:80", []string{client}, true},
		{"as part of a key", ratelimit.Join(ratelimit.Global, ratelimit.RemoteIP), "10.0.0.1:80", []string{client}, true},
		{"no header", ratelimit.RemoteIP, "10.0.0.1:80", nil, false},
		{"a public peer", ratelimit.RemoteIP, "203.0.113.7:80", []string{client}, false},
		{"behind a trusted proxy", behind.Key, "10.0.0.1:80", []string{client}, false},
		{"another key", ratelimit.Header("Caller"), "10.0.0.1:80", []string{client}, false},
		{"no address", ratelimit.RemoteIP, "@", []string{client}, false},
	} {
		logged := logs(t)
		l := newLimiter(t, ratelimit.Config{Name: "api", Key: c.key})
		r := from(c.peer, c.lines...)
		r.Header.Set("Caller", "ann")
		for range 3 {
			if _, err := l.Take(r); err != nil {
				t.Fatal(err)
			}
		}
		want := 0
		if c.want {
			want = 1
		}
		const text = `level=WARN msg="rate limit by the address of a proxy: all clients share one bucket, see ratelimit.NewClientIP" policy=api peer=`
		if n := strings.Count(logged.String(), text); n != want || strings.Contains(logged.String(), "s3cr3t") {
			t.Errorf("%s: the log has %d warnings, want %d, without the address that the client sent:\n%s", c.name, n, want, logged)
		}
	}
}

// The key of an address is the one that net/netip makes, and no other key of this package looks
// like an address.
func FuzzRemoteIP(f *testing.F) {
	for _, s := range []string{
		"203.0.113.7:4711", "203.0.113.7", "[::ffff:1.2.3.4]:80", "64:ff9b::1.2.3.4", "[64:ff9b::1.2.3.4]:80", "[2001:db8::1%eth0]:80",
		"0.0.0.0:1", "1.2.3.4:", "1.2.3.4:99999", "01.2.3.4:1", "1.2.3.4.:5", "@", "", ":80", "1.2.3.4:5:6", "[1.2.3.4]:80", "1.2.3.4%a:80",
		"0.20.255.1:0", "255.255.255.255:65535", "1.2.3.4:080", "1.2.3.4:65536", "1.2.3.4:123456", "1.2.3.4:80.", "1.2.3.4:80x", "1.2.3.4.80",
		"1.2.3.4.5:80", "1.2.3:80", "1.2.3:4:80", "1.2:3.4:80", "1.2.3.:80", "1..3.4:80", ".2.3.4:80", "1.2/3.4:80", "1.2.3.4;80", "256.2.3.4:80",
		"1.2.3.256:80", "1.2.3.1000:80", "1.2.3.99999:80", "00.2.3.4:80",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, remote string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"Caller": {remote}, "Authorization": {"Bearer " + remote}}, Pattern: remote}
		key, ok := ratelimit.RemoteIP(r)
		want, wantOK := netipKey(remote)
		if ok != wantOK || ok && key != want {
			t.Errorf("RemoteIP of %q = %q, %t, want %q, %t as by net/netip", remote, key, ok, want, wantOK)
		}
		for name, other := range map[string]ratelimit.KeyFunc{
			"BearerToken": ratelimit.BearerToken, "APIKey": ratelimit.APIKey("Caller"), "Header": ratelimit.Header("Caller"),
			"Route": ratelimit.Route, "Global": ratelimit.Global, "Join": ratelimit.Join(ratelimit.RemoteIP),
		} {
			if key, ok := other(r); ok && isAddress(key) {
				t.Errorf("%s of %q = %q, want nothing like an address", name, remote, key)
			}
		}
	})
}

// netipKey makes the key of an address with net/netip, in a simple way.
func netipKey(remote string) (string, bool) {
	withPort, err := netip.ParseAddrPort(remote)
	addr := withPort.Addr()
	if err != nil {
		if strings.HasPrefix(remote, "[") && strings.HasSuffix(remote, "]") {
			remote = remote[1 : len(remote)-1]
		}
		if addr, err = netip.ParseAddr(remote); err != nil {
			return "", false
		}
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() && netip.MustParsePrefix("64:ff9b::/96").Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	if addr.IsUnspecified() {
		return "", false
	}
	if addr.Is4() {
		return addr.String(), true
	}
	return netip.PrefixFrom(addr, 64).Masked().String(), true
}

func isAddress(key string) bool {
	_, err := netip.ParseAddr(key)
	_, err2 := netip.ParsePrefix(key)
	return err == nil || err2 == nil
}

func TestRemoteIP_allocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	r := from("203.0.113.7:4711")
	if n := testing.AllocsPerRun(100, func() { ratelimit.RemoteIP(r) }); n != 0 {
		t.Errorf("RemoteIP allocates %v times, want 0", n)
	}
}
