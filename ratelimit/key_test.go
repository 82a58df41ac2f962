package ratelimit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
)

// with returns a request with a header, given as names and values in turn.
func with(lines ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for i := 0; i < len(lines); i += 2 {
		r.Header.Add(lines[i], lines[i+1])
	}
	return r
}

func TestKeys(t *testing.T) {
	routed := with()
	routed.Pattern = "GET /v1/items/{id}"
	apiKey, tenant := ratelimit.APIKey("x-api-key"), ratelimit.Header("Tenant")
	no := func(*http.Request) (string, bool) { return "ignored", false }
	empty := func(*http.Request) (string, bool) { return "", true }
	for _, c := range []struct {
		name string
		key  ratelimit.KeyFunc
		r    *http.Request
		want string // "" means that there is no key
	}{
		// The hash is the first 16 bytes of the SHA-256 of "secret", in base64.
		{"a token", ratelimit.BearerToken, with("Authorization", "Bearer secret"), "bearer:K7gNU3sdo-OL0wNhqoVWhg"},
		{"a scheme in another case", ratelimit.BearerToken, with("Authorization", "bEARER secret"), "bearer:K7gNU3sdo-OL0wNhqoVWhg"},
		{"more spaces", ratelimit.BearerToken, with("Authorization", "Bearer   secret"), "bearer:K7gNU3sdo-OL0wNhqoVWhg"},
		{"the rest of the line is one token", ratelimit.BearerToken, with("Authorization", "Bearer secret, Bearer other"), "bearer:E3LNOT6Q6MGnwQYgw9ddvA"},
		{"no line", ratelimit.BearerToken, with(), ""},
		{"no token", ratelimit.BearerToken, with("Authorization", "Bearer "), ""},
		{"a scheme alone", ratelimit.BearerToken, with("Authorization", "Bearer"), ""},
		{"another scheme", ratelimit.BearerToken, with("Authorization", "Basic secret"), ""},
		{"two lines", ratelimit.BearerToken, with("Authorization", "Bearer secret", "Authorization", "Bearer secret"), ""},

		{"an API key", apiKey, with("X-API-Key", "secret"), "key:X-Api-Key:K7gNU3sdo-OL0wNhqoVWhg"},
		{"no API key", apiKey, with(), ""},
		{"an empty API key", apiKey, with("X-API-Key", ""), ""},
		{"two API keys", apiKey, with("X-API-Key", "secret", "X-API-Key", "other"), ""},
		{"a header", tenant, with("Tenant", "secret"), "header:Tenant:K7gNU3sdo-OL0wNhqoVWhg"},

		{"a route", ratelimit.Route, routed, "route:GET /v1/items/{id}"},
		{"outside the router", ratelimit.Route, with(), ""},
		{"everybody", ratelimit.Global, with(), "global"},

		{"the first", ratelimit.First(no, empty, ratelimit.Global, tenant), with("Tenant", "a"), "global"},
		{"none of several", ratelimit.First(no, empty), with(), ""},
		{"several", ratelimit.Join(ratelimit.Global, ratelimit.Route), routed, "join:6:global24:route:GET /v1/items/{id}"},
		{"several, one missing", ratelimit.Join(ratelimit.Global, no), routed, ""},
		{"several, one empty", ratelimit.Join(ratelimit.Global, empty), routed, ""},
	} {
		key, ok := c.key(c.r)
		if ok && key != c.want || ok != (c.want != "") {
			t.Errorf("%s = %q, %t, want %q", c.name, key, ok, c.want)
		}
	}
}

func TestKeys_mistakesOfTheProgramPanic(t *testing.T) {
	const join, first, header = "ratelimit: Join needs keys, none of them nil", "ratelimit: First needs keys, none of them nil", "ratelimit: a key needs the name of a header"
	for name, c := range map[string]struct {
		call func()
		want string
	}{
		"Join of nothing":   {func() { ratelimit.Join() }, join},
		"Join of nil":       {func() { ratelimit.Join(ratelimit.Global, nil) }, join},
		"First of nothing":  {func() { ratelimit.First() }, first},
		"First of nil":      {func() { ratelimit.First(nil) }, first},
		"APIKey of nothing": {func() { ratelimit.APIKey("") }, header},
		"Header of nothing": {func() { ratelimit.Header("") }, header},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("%s = panic %v, want %s", name, got, c.want)
				}
			}()
			c.call()
		})
	}
}

func TestKeys_combinedAreThoseOfConstruction(t *testing.T) {
	keys := []ratelimit.KeyFunc{ratelimit.Global}
	join, first := ratelimit.Join(keys...), ratelimit.First(keys...)
	keys[0] = ratelimit.Route
	for want, key := range map[string]ratelimit.KeyFunc{"join:6:global": join, "global": first} {
		if got, ok := key(with()); !ok || got != want {
			t.Errorf("a key whose list was changed afterwards = %q, %t, want %q", got, ok, want)
		}
	}
}

// spy is a store that records the keys that it gets.
type spy struct {
	*ratelimit.Memory
	keys *[]string
}

func (s spy) Take(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	for _, l := range limits {
		*s.keys = append(*s.keys, l.Key)
	}
	return s.Memory.Take(ctx, limits, states)
}

// A key as a store, a hook or a log gets it is short, printable, and contains no secret.
func TestKeys_asAStoreSeesThem(t *testing.T) {
	const secret = "s3cr3t-value"
	long := strings.Repeat("x", 65)
	custom := func(key string) ratelimit.KeyFunc {
		return func(*http.Request) (string, bool) { return key, true }
	}
	for _, c := range []struct {
		name string
		key  ratelimit.KeyFunc
		want string // a prefix of the key, or with "=" in front the whole key
	}{
		{"a token", ratelimit.BearerToken, "bearer:"},
		{"an API key", ratelimit.APIKey("X-Api-Key"), "key:"},
		{"a header", ratelimit.Header("X-Api-Key"), "header:"},
		{"a short key", custom(long[:64]), "=" + long[:64]},
		{"a long key", custom(long), "hash:"},
		{"a long join", ratelimit.Join(custom(long), ratelimit.BearerToken), "hash:"},
		{"what can be printed", custom(" !}~"), "= !}~"},
		{"a line break", custom("a\nb"), "hash:"},
		{"a letter beyond ASCII", custom("ä"), "hash:"},
		{"DEL", custom("\x7f"), "hash:"},
	} {
		var keys []string
		l := newLimiter(t, ratelimit.Config{Name: "api", Key: c.key, Store: spy{newMemory(t, 0), &keys}})
		d, err := l.Take(with("Authorization", "Bearer "+secret, "X-Api-Key", secret))
		if err != nil || len(keys) != 1 || d.Key != keys[0] {
			t.Fatalf("%s: decision %+v, %v, keys %q, want one key", c.name, d, err, keys)
		}
		want, whole := strings.CutPrefix(c.want, "=")
		if !strings.HasPrefix(keys[0], want) || whole && keys[0] != want {
			t.Errorf("%s reaches the store as %q, want %s", c.name, keys[0], c.want)
		}
		if strings.Contains(keys[0], secret) || len(keys[0]) > 64 {
			t.Errorf("%s reaches the store as %q, want no secret and at most 64 bytes", c.name, keys[0])
		}
	}
}

// Two different lists of parts never share a key.
func FuzzJoin_isInjective(f *testing.F) {
	f.Add("a", "bc", "ab", "c")
	f.Add("1:a", "", "1", "a1:")
	f.Add("1:a1:b", "x", "a", "b")
	f.Fuzz(func(t *testing.T, a1, a2, b1, b2 string) {
		part := func(s string) ratelimit.KeyFunc {
			return func(*http.Request) (string, bool) { return s, true }
		}
		join := func(parts ...string) (string, bool) {
			var keys []ratelimit.KeyFunc
			for _, p := range parts {
				keys = append(keys, part(p))
			}
			return ratelimit.Join(keys...)(nil)
		}
		for _, pair := range [][2][]string{{{a1, a2}, {b1, b2}}, {{a1, a2}, {b1}}, {{a1, a2, b1}, {b1, b2}}} {
			left, ok1 := join(pair[0]...)
			right, ok2 := join(pair[1]...)
			if ok1 && ok2 && (left == right) != slices.Equal(pair[0], pair[1]) {
				t.Errorf("Join of %q = %q, Join of %q = %q, want equal keys only for equal parts", pair[0], left, pair[1], right)
			}
		}
	})
}
