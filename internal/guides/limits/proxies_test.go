package limits_test

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
)

func networks(prefixes ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(prefixes))
	for n, p := range prefixes {
		out[n] = netip.MustParsePrefix(p)
	}
	return out
}

var behind = map[string]ratelimit.IPConfig{
	"Cloudflare":         {Trusted: networks("173.245.48.0/20", "104.16.0.0/13"), Header: "CF-Connecting-IP"},
	"AWS ALB":            {Trusted: networks("10.0.0.0/16")},
	"nginx":              {Trusted: networks("127.0.0.1/32")},
	"nginx, Unix socket": {TrustUnix: true},
	"Heroku":             {Trusted: networks("10.0.0.0/8")},
	"Kubernetes ingress": {Trusted: networks("10.244.0.0/16")},
	"Cloudflare + nginx": {Trusted: networks("127.0.0.1/32", "173.245.48.0/20", "104.16.0.0/13")},
}

func TestKeysBehindProxies(t *testing.T) {
	for _, c := range []struct {
		proxy, peer, header, value, want string
	}{
		{"Cloudflare", "104.16.3.4:443", "CF-Connecting-IP", "203.0.113.7", "203.0.113.7"},
		{"Cloudflare", "198.51.100.9:443", "CF-Connecting-IP", "203.0.113.7", "198.51.100.9"}, // straight to the origin
		{"AWS ALB", "10.0.1.5:443", "X-Forwarded-For", "1.1.1.1, 203.0.113.7", "203.0.113.7"},
		{"nginx", "127.0.0.1:443", "X-Forwarded-For", "1.1.1.1, 203.0.113.7", "203.0.113.7"},
		{"nginx, Unix socket", "@", "X-Forwarded-For", "1.1.1.1, 203.0.113.7", "203.0.113.7"},
		{"Heroku", "10.1.9.2:443", "X-Forwarded-For", "1.1.1.1, 203.0.113.7", "203.0.113.7"},
		{"Kubernetes ingress", "10.244.7.1:443", "X-Forwarded-For", "203.0.113.7", "203.0.113.7"},
		{"Cloudflare + nginx", "127.0.0.1:443", "X-Forwarded-For", "1.1.1.1, 203.0.113.7, 104.16.3.4", "203.0.113.7"},
	} {
		clients, err := ratelimit.NewClientIP(behind[c.proxy])
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set(c.header, c.value)
		if key, ok := clients.Key(r); key != c.want || !ok {
			t.Errorf("behind %s, %s: %s from %s has the key %q, want %s", c.proxy, c.header, c.value, c.peer, key, c.want)
		}
	}
}

func clientLimit() (*ratelimit.Limiter, error) {
	clients, err := ratelimit.NewClientIP(behind["AWS ALB"])
	if err != nil {
		return nil, err
	}
	return ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(60), Key: clients.Key})
}

func TestLimitBehindAProxy(t *testing.T) {
	limit, err := clientLimit()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.1.5:443"
	r.Header.Set("X-Forwarded-For", "203.0.113.7")
	if d, err := limit.Take(r); err != nil || d.Key != "203.0.113.7" {
		t.Errorf("the key is %q (%v), want the address of the client", d.Key, err)
	}
}
