package ratelimit

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// KeyFunc says whose bucket a request belongs to. Not ok, or an empty key,
// means that the request has no such key; [Missing] says what happens then. It
// must be safe for concurrent use.
//
// The keys of this package begin with a tag of their kind, but for addresses,
// which are like nothing else then: a token never equals one. Secrets are hashed before anybody sees them. A key
// of more than 64 bytes, or with bytes that cannot be printed, is hashed before
// it reaches a store.
type KeyFunc func(r *http.Request) (key string, ok bool)

// BearerToken is the key of the token in the Authorization header. It is not
// ok if there is no such line, or more than one.
//
// A token that nobody has verified is a fresh bucket for every guess. So either
// the limiter stands behind authentication, or it has a limit by address in
// [Config.Also]. The token is the rest of the line after "Bearer" and spaces, as
// it stands. Authentication must read it in the same way: if it trims more, each
// way to write one token is a bucket.
func BearerToken(r *http.Request) (string, bool) {
	line, ok := onlyLine(r.Header, "Authorization")
	scheme, token, _ := strings.Cut(line, " ")
	token = strings.TrimLeft(token, " ")
	if !ok || token == "" || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return hashed("bearer:", token), true
}

// APIKey returns the key function of a secret in a header, such as X-API-Key.
// It is not ok if there is no such line, more than one, or an empty one. What
// is said of [BearerToken] about guesses holds here too.
func APIKey(header string) KeyFunc { return headerKey("key:", header) }

// Header returns the key function of any other header, such as a tenant that a
// gateway has set. Whoever can set the header can choose the bucket. It is ok
// when [APIKey] would be.
func Header(name string) KeyFunc { return headerKey("header:", name) }

func headerKey(tag, name string) KeyFunc {
	if name == "" {
		panic("ratelimit: a key needs the name of a header")
	}
	name = http.CanonicalHeaderKey(name)
	tag += name + ":"
	return func(r *http.Request) (string, bool) {
		line, ok := onlyLine(r.Header, name)
		if !ok {
			return "", false
		}
		return hashed(tag, line), true
	}
}

// Route is the key of the pattern that matched. It is not ok outside the
// router, where no pattern is known. There is no key of the raw path: clients
// choose it.
func Route(r *http.Request) (string, bool) {
	return "route:" + r.Pattern, r.Pattern != ""
}

// Global is one key for everybody.
func Global(*http.Request) (string, bool) { return "global", true }

// Join returns the key function of several keys together, such as caller and
// route. All must be ok. Different parts never make the same key.
func Join(keys ...KeyFunc) KeyFunc {
	keys = checked("Join", keys)
	return func(r *http.Request) (string, bool) {
		var array [128]byte
		joined := append(array[:0], "join:"...)
		for _, key := range keys {
			part, ok := key(r)
			if !ok || part == "" {
				return "", false
			}
			joined = strconv.AppendInt(joined, int64(len(part)), 10)
			joined = append(joined, ':')
			joined = append(joined, part...)
		}
		return string(joined), true
	}
}

// First returns the key function that tries several, and takes the first that
// is ok.
func First(keys ...KeyFunc) KeyFunc {
	keys = checked("First", keys)
	return func(r *http.Request) (string, bool) {
		for _, key := range keys {
			if k, ok := key(r); ok && k != "" {
				return k, true
			}
		}
		return "", false
	}
}

// checked copies the arguments of a combinator. Its panics are about the text
// of the program.
func checked(name string, keys []KeyFunc) []KeyFunc {
	if len(keys) == 0 || slices.ContainsFunc(keys, func(key KeyFunc) bool { return key == nil }) {
		panic("ratelimit: " + name + " needs keys, none of them nil")
	}
	return slices.Clone(keys)
}

// onlyLine returns a header that has exactly one line, and a value on it.
func onlyLine(h http.Header, canonical string) (string, bool) {
	lines := h[canonical]
	if len(lines) != 1 || lines[0] == "" {
		return "", false
	}
	return lines[0], true
}

// hashed is a tag and 128 bits of the SHA-256 of a secret.
func hashed(tag, secret string) string {
	var in [256]byte // so that a usual secret is hashed without an allocation
	sum := sha256.Sum256(append(in[:0], secret...))
	var out [64]byte
	key := append(out[:0], tag...)
	return string(base64.RawURLEncoding.AppendEncode(key, sum[:16]))
}

const maxKey = 64

// storeKey is the key as a store sees it: short, and fit for a log.
func storeKey(key string) string {
	fit := len(key) <= maxKey
	for i := 0; i < len(key) && fit; i++ {
		fit = key[i] >= ' ' && key[i] <= '~'
	}
	if !fit {
		return hashed("hash:", key)
	}
	return key
}
