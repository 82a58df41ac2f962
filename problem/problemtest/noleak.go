package problemtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// NoLeak sends requests to the root of a handler, with and without malformed bodies.
// It searches status line, header, body and trailer of every answer for the secrets, as
// they are and as JSON or a URL would write them. To try another path, wrap the handler.
//
// Plant a secret where it may leak from: in a cause, a panic, a field, or a header that
// the handler sets.
func NoLeak(t *testing.T, handler http.Handler, secrets ...string) {
	t.Helper()
	if len(secrets) == 0 {
		t.Fatal("problemtest: NoLeak without a secret to look for")
	}
	s := newServer(handler)
	defer s.Close()
	for _, p := range probes() {
		t.Run(p.name, func(t *testing.T) {
			for _, leak := range leaks(t, s, p.request, secrets) {
				t.Error(leak)
			}
		})
	}
}

type probe struct {
	name    string
	request []byte
}

// probes are requests, as they are on the wire.
var probes = sync.OnceValue(func() []probe {
	const host = " / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	get := func(method, header string) []byte { return []byte(method + host + header + "\r\n") }
	post := func(contentType, body string) []byte {
		return []byte("POST" + host + "Content-Type: " + contentType + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	}
	const inJSON = "application/json"
	return []probe{
		{"GET", get("GET", "")},
		{"HEAD", get("HEAD", "")},
		{"another method", get("PROPFIND", "")},
		{"asking for debug", get("GET", "X-Debug: true\r\n")},
		{"asking for another type", get("GET", "Accept: text/html\r\n")},
		{"empty body", post(inJSON, "")},
		{"empty object", post(inJSON, "{}")},
		{"malformed body", post(inJSON, `{"a":`)},
		{"body of another type", post(inJSON, `[true]`)},
		{"body that is no JSON", post("application/x-www-form-urlencoded", "a=b")},
		{"invalid UTF-8", post(inJSON, "{\"a\":\"\xff\"}")},
		{"oversized body", post(inJSON, `{"a":"`+strings.Repeat("x", 1<<20)+`"}`)},
		{"deeply nested body", post(inJSON, strings.Repeat("[", 100_000))},
	}
})

// fataler is the part of testing.T that leaks needs.
type fataler interface{ Fatal(args ...any) }

// leaks returns a sentence for each secret in the answer.
func leaks(t fataler, s server, request []byte, secrets []string) []string {
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute)) // a handler that hangs fails the test
	go conn.Write(request)                        // an answer may come before the body was read
	raw, err := io.ReadAll(conn)
	if err != nil && len(raw) == 0 {
		return nil // the connection was cut before a byte came
	}
	// If the body is in chunks, a secret may be split. So the whole body is searched, too.
	whole := raw
	if resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil); err == nil {
		body, _ := io.ReadAll(resp.Body)
		whole = append(append(bytes.Clone(raw), '\n'), body...)
	}
	var found []string
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			if i := bytes.Index(whole, []byte(form)); i >= 0 {
				found = append(found, "the answer has the secret "+secret+": …"+around(whole, i, len(form))+"…")
				break
			}
		}
	}
	return found
}

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		return []string{secret}
	}
	return []string{secret, string(quoted[1 : len(quoted)-1]), url.QueryEscape(secret), url.PathEscape(secret)}
}

func around(b []byte, at, length int) string {
	return string(b[max(at-40, 0):min(at+length+40, len(b))])
}
