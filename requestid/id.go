package requestid

import (
	"bufio"
	"crypto/rand"
	"encoding/base32"
	"sync"

	"github.com/google/uuid"
)

const (
	prefix = "req_"
	minLen = 8 // of an inbound ID: a shorter one is hardly unique
	maxLen = 128
)

// encoding is base32 of RFC 4648 in lower case, without padding. It has no 0 and 1, a
// double click selects all of it, and a URL need not escape it.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// fresh returns a new ID. If [Config.Generate] fails, it uses the default generator: a
// request must not fail because of its ID.
func (s *Issuer) fresh() string {
	if s.generate != nil {
		id := ""
		contained(func() { id = s.generate() })
		if 0 < len(id) && len(id) <= maxLen && isClean(id) {
			return id
		}
	}
	return generate()
}

// contained calls a function of the Config and drops its panic. No Recover is further
// out, so a panic would end the request without an answer.
func contained(f func()) {
	defer func() { _ = recover() }()
	f()
}

// generate is the default generator.
func generate() string {
	random := randoms.Get().(*bufio.Reader)
	u := uuid.Must(uuid.NewRandomFromReader(random)) // crypto/rand never fails
	randoms.Put(random)
	b := [len(prefix) + 26]byte{}
	copy(b[:], prefix)
	encoding.Encode(b[len(prefix):], u[:])
	return string(b[:])
}

// randoms holds readers that fetch the random bytes of several IDs at once.
var randoms = sync.Pool{New: func() any { return bufio.NewReaderSize(rand.Reader, 2<<10) }}

// check returns what is wrong with the lines of an inbound ID, or "".
func check(lines []string) string {
	switch {
	case len(lines) != 1:
		return "several lines"
	case len(lines[0]) < minLen || len(lines[0]) > maxLen:
		return "length"
	case !isClean(lines[0]):
		return "characters"
	}
	return ""
}

// isClean reports whether every byte is in the accepted set. UUIDs, hexadecimal digits,
// and the IDs of Heroku, AWS and Cloudflare are.
func isClean(id string) bool {
	for i := range len(id) {
		if !clean[id[i]] {
			return false
		}
	}
	return true
}

var clean = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:@+/=~")

// isToken reports whether name is a valid name of a header.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
func isToken(name string) bool {
	for i := range len(name) {
		if !token[name[i]] {
			return false
		}
	}
	return name != ""
}

var token = set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

func set(members string) (s [256]bool) {
	for i := range len(members) {
		s[members[i]] = true
	}
	return s
}
