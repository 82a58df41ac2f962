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
	minLen = 8 // of an inbound ID: what is shorter is hardly unique
	maxLen = 128
)

// encoding is base32 of RFC 4648 in lower case, without padding: no character
// of it is mistaken for another, cut by a double click or escaped in a URL.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// fresh returns a new ID. An ID never costs a request its answer, so a
// generator that fails is replaced.
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

// contained calls a function of the program's. No Recover stands further out,
// so a panic would cost the request its answer.
func contained(f func()) {
	defer func() { _ = recover() }()
	f()
}

// generate is the default generator.
func generate() string {
	random := randoms.Get().(*bufio.Reader)
	u, err := uuid.NewRandomFromReader(random)
	randoms.Put(random)
	if err != nil {
		rand.Read(u[:]) // never fails, nor does the reader
	}
	b := [len(prefix) + 26]byte{}
	copy(b[:], prefix)
	encoding.Encode(b[len(prefix):], u[:])
	return string(b[:])
}

// randoms holds random bytes that were fetched for several IDs at once. A reader
// is used by one goroutine at a time.
var randoms = sync.Pool{New: func() any { return bufio.NewReaderSize(rand.Reader, 2<<10) }}

// check says what is wrong with an inbound ID, or "".
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

// isClean reports whether every byte is of the accepted set. It admits UUIDs of
// any version, 32 hex digits, and what Heroku, AWS and Cloudflare send.
func isClean(id string) bool {
	for i := range len(id) {
		if !clean[id[i]] {
			return false
		}
	}
	return true
}

var clean = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:@+/=~")

// isToken reports whether name can name a header.
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
