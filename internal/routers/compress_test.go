package routers_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	chimw "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"

	"github.com/backstop-go/backstop/problem"
)

// holding is a compressor that keeps the first 100 bytes before it decides whether to
// compress. It writes the bytes that it keeps in a deferred Close, as many compressors do.
func holding(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := &holdingWriter{ResponseWriter: w}
		defer h.Close()
		next.ServeHTTP(h, r)
	})
}

type holdingWriter struct {
	http.ResponseWriter
	status int
	buf    bytes.Buffer
	zip    *gzip.Writer
}

func (h *holdingWriter) WriteHeader(status int) { h.status = status }

func (h *holdingWriter) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *holdingWriter) Write(p []byte) (int, error) {
	if h.zip != nil {
		return h.zip.Write(p)
	}
	h.buf.Write(p)
	if h.buf.Len() < 100 {
		return len(p), nil
	}
	h.Header().Set("Content-Encoding", "gzip")
	h.Header().Del("Content-Length")
	h.commit()
	h.zip = gzip.NewWriter(h.ResponseWriter)
	_, err := h.zip.Write(h.buf.Bytes())
	return len(p), err
}

func (h *holdingWriter) commit() {
	if h.status != 0 {
		h.ResponseWriter.WriteHeader(h.status)
	}
}

func (h *holdingWriter) Close() {
	switch {
	case h.zip != nil:
		h.zip.Close()
	case h.buf.Len() > 0 || h.status != 0:
		h.commit()
		h.ResponseWriter.Write(h.buf.Bytes())
	}
}

// upfront is a compressor that sets Content-Encoding before the handler has written a byte.
func upfront(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		u := &upfrontWriter{ResponseWriter: w, zip: gzip.NewWriter(w)}
		next.ServeHTTP(u, r)
		u.zip.Close()
	})
}

type upfrontWriter struct {
	http.ResponseWriter
	zip *gzip.Writer
}

func (u *upfrontWriter) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func (u *upfrontWriter) WriteHeader(status int) {
	u.Header().Del("Content-Length")
	u.ResponseWriter.WriteHeader(status)
}

func (u *upfrontWriter) Write(p []byte) (int, error) {
	u.Header().Del("Content-Length")
	return u.zip.Write(p)
}

var compressors = map[string]mw{
	"one that decides late":     holding,
	"one that decides up front": upfront,
	"chi's":                     chimw.Compress(5),
	"gorilla's":                 handlers.CompressHandler,
}

// decoded undoes the compression that the header names.
func decoded(a answer) answer {
	if a.err != nil || a.header.Get("Content-Encoding") != "gzip" {
		return a
	}
	z, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		a.err = err
		return a
	}
	b, err := io.ReadAll(z)
	a.body, a.err = string(b), err
	return a
}

// compressed sends a GET with Accept-Encoding, and decodes the body.
func (s *site) compressed() answer {
	return decoded(s.ask("GET", s.url, nil, "Accept-Encoding: gzip"))
}

func TestPanicIsNeverACompleteAnswerWhereverACompressorStands(t *testing.T) {
	for name, compress := range compressors {
		for _, written := range []int{0, 10, 10_000} {
			h := func(w http.ResponseWriter, _ *http.Request) {
				if written > 0 {
					w.Header().Set("Content-Type", "text/plain")
					w.Write(bytes.Repeat([]byte("0123456789"), written/10))
				}
				panic("boom")
			}
			check := func(t *testing.T, s *site) {
				a := s.compressed()
				if a.err == nil && (a.status != 500 || !strings.HasPrefix(a.body, "{") || !strings.HasSuffix(a.body, "}")) {
					t.Errorf("the answer is a complete-looking %d %q, want an envelope, or it cut off", a.status, a.body)
				}
				s.summary(t)
			}
			t.Run(fmt.Sprint(name, " outside, after ", written), func(t *testing.T) {
				// After a flush some compressors send their status twice, which net/http logs.
				plan{outside: []mw{compress}, protocols: []string{single, h2}, noisy: true}.run(t, h, check)
			})
			t.Run(fmt.Sprint(name, " inside, after ", written), func(t *testing.T) {
				plan{inside: []mw{compress}, protocols: []string{single, h2}}.run(t, h, check)
			})
		}
	}
}

func TestTextErrorIsReplacedWhereverACompressorStands(t *testing.T) {
	bare := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) }
	text := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, "pq: secret")
	}
	old := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "pq: secret", http.StatusConflict) }
	check := func(t *testing.T, s *site) {
		wantEnvelope(t, s.compressed(), 409)
		s.summary(t)
		if rec := s.wantRecords(t, 1)[0]; strings.Contains(fmt.Sprint(rec), "\x1f\x8b") {
			t.Errorf("the log says %v, want no compressed bytes in it", rec)
		}
	}
	for name, compress := range compressors {
		for called, h := range map[string]http.HandlerFunc{"http.Error": old, "a text": text, "a bare status": bare} {
			t.Run(called+" and "+name+" outside", func(t *testing.T) {
				plan{outside: []mw{compress}, protocols: []string{single, h2}}.run(t, h, check)
			})
		}
		t.Run("http.Error and "+name+" inside", func(t *testing.T) {
			plan{inside: []mw{compress}, protocols: []string{single, h2}}.run(t, old, check)
		})
	}
}

func TestErrorBehindBytesThatACompressorHoldsCutsTheAnswer(t *testing.T) {
	plan{inside: []mw{holding}}.run(t, func(w http.ResponseWriter, r *http.Request) {
		problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			io.WriteString(w, "0123456789")
			return errors.New("too late")
		}).ServeHTTP(w, r)
	}, func(t *testing.T, s *site) {
		if a := s.compressed(); a.err == nil {
			t.Errorf("the answer is a complete-looking %d %q, want it cut off", a.status, a.body)
		}
		if sum := s.summary(t); !sum.Aborted {
			t.Errorf("the summary is %+v, want it aborted", sum)
		}
	})
}

func TestEnvelopeIsDecodableWhereverACompressorStands(t *testing.T) {
	for name, compress := range compressors {
		for _, place := range []string{"outside", "inside"} {
			t.Run(name+" "+place, func(t *testing.T) {
				p := plan{protocols: []string{single, h2}}
				if place == "outside" {
					p.outside = []mw{compress}
				} else {
					p.inside = []mw{compress}
				}
				p.run(t, func(w http.ResponseWriter, r *http.Request) {
					problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.Conflict }).ServeHTTP(w, r)
				}, func(t *testing.T, s *site) {
					wantEnvelope(t, s.compressed(), 409)
					s.summary(t)
				})
			})
		}
	}
}
