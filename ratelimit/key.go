package ratelimit

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// KeyFunc returns the key of the bucket that a request uses. If ok is false or the
// key is empty, the request has no such key, and [Config.Missing] says what
// happens. A KeyFunc must be safe for concurrent use.
//
// The keys of this package begin with their kind, such as "bearer:"; only addresses
// do not. So a token is never taken for an address or for an API key. A token or an
// API key is hashed at once, so that neither a store nor a log sees the secret. Any
// key of more than 64 bytes, or with unprintable bytes, is hashed before it reaches
// a store.
type KeyFunc func(r *http.Request) (key string, ok bool)

// BearerToken is the [KeyFunc] of the token in the Authorization header. ok is
// false if the header is missing, has several lines, or names another scheme.
//
// While nobody has verified a token, every guess has a full bucket of its own. So
// put the limiter behind authentication, or add a limit by address in
// [Config.Also]. The token is all that follows "Bearer" and its spaces.
// Authentication must not trim more than that: if it accepted a token with a space
// at the end, each spelling of one token would have a bucket of its own.
func BearerToken(r *http.Request) (string, bool) {
	line, ok := onlyLine(r.Header, "Authorization")
	scheme, token, _ := strings.Cut(line, " ")
	token = strings.TrimLeft(token, " ")
	if !ok || token == "" || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return hashed("bearer:", token), true
}

// APIKey returns the [KeyFunc] of a secret in a header, such as X-API-Key. ok is
// false if the header is missing or empty, or has several lines. What [BearerToken]
// says about guesses holds here, too. APIKey panics if header is empty.
func APIKey(header string) KeyFunc { return headerKey("key:", header) }

// Header returns the [KeyFunc] of any other header, such as a tenant that a gateway
// has set. A client that can set the header can choose its bucket. ok is as with
// [APIKey]. Header panics if name is empty.
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

// Route is the [KeyFunc] of the pattern that matched. ok is false outside of the
// router, where no pattern is known yet. There is no key of the path itself, because
// clients choose it.
func Route(r *http.Request) (string, bool) {
	return "route:" + r.Pattern, r.Pattern != ""
}

// Global is the [KeyFunc] that returns one key for everybody.
func Global(*http.Request) (string, bool) { return "global", true }

// Join returns the [KeyFunc] of several keys together, such as caller and route. ok
// is true if it is for all of them. Different parts never make the same key. Join
// panics without keys, or if one is nil.
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

// First returns the [KeyFunc] that tries several, and returns the first key that is
// ok. First panics without keys, or if one is nil.
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

// checked copies the arguments of [Join] or [First].
func checked(name string, keys []KeyFunc) []KeyFunc {
	if len(keys) == 0 || slices.ContainsFunc(keys, func(key KeyFunc) bool { return key == nil }) {
		panic("ratelimit: " + name + " needs keys, none of them nil")
	}
	return slices.Clone(keys)
}

// onlyLine returns the value of a header that has exactly one line.
func onlyLine(h http.Header, canonical string) (string, bool) {
	lines := h[canonical]
	if len(lines) != 1 || lines[0] == "" {
		return "", false
	}
	return lines[0], true
}

// hashed is a tag and 128 bits of the SHA-256 of a secret.
func hashed(tag, secret string) string {
	var in [256]byte // a secret of the usual length is hashed without an allocation
	sum := sha256.Sum256(append(in[:0], secret...))
	var out [64]byte
	key := append(out[:0], tag...)
	return string(base64.RawURLEncoding.AppendEncode(key, sum[:16]))
}

const maxKey = 64

// storeKey returns a key as a store sees it: short, and printable in a log.
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
