package problemtest_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestRFC9457(t *testing.T) { problemtest.Run(t, problem.RFC9457) }

// acmeBody is the body of the custom style in the examples of package problem.
type acmeBody struct {
	OK     bool              `json:"ok"`
	Reason string            `json:"reason"`
	Text   string            `json:"text"`
	Bad    map[string]string `json:"bad,omitempty"`
}

func acme() problem.Style {
	s := problem.RFC9457
	s.Name, s.ContentType = "acme", "application/json"
	s.Outcomes[problem.Validation] = problem.Outcome{Status: 400, Code: "bad_input"}
	s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
		return problem.AppendJSON(dst, acmeBody{false, v.Code, v.Message, v.FieldMap()})
	}
	s.Decode = nil
	return s
}

func TestACustomStyle(t *testing.T) { problemtest.Run(t, acme()) }

func TestAStyleThatIsNotJSON(t *testing.T) {
	s := problem.RFC9457
	s.Name, s.ContentType, s.Decode = "text", "text/plain; charset=utf-8", nil
	s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
		var b bytes.Buffer
		err := xml.EscapeText(&b, []byte(v.Message))
		return append(dst, b.Bytes()...), err
	}
	problemtest.Run(t, s)
}

// Each of these styles breaks one promise, and the kit names it.
func TestBrokenStylesAreSeen(t *testing.T) {
	body := func(v *problem.View, more map[string]any) ([]byte, error) {
		m := map[string]any{"text": v.Message}
		maps.Copy(m, more)
		return problem.AppendJSON(nil, m)
	}
	for _, c := range []struct {
		broken  string
		change  func(*problem.Style)
		promise string
	}{
		{"escapes for HTML", func(s *problem.Style) {
			s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
				b, err := json.Marshal(v.Message)
				return append(append(append(dst, `{"text":`...), b...), '}'), err
			}
		}, "hostile text arrives as text"},
		{"forgets to escape", func(s *problem.Style) {
			s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
				return append(dst, `{"text":"`+v.Message+`"}`...), nil
			}
		}, "hostile text arrives as text"},
		{"repeats a member", func(s *problem.Style) {
			s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
				dst = append(dst, `{"text":""`...)
				for _, f := range v.Fields {
					b, _ := json.Marshal(string(f.AppendPath(nil, problem.Brackets)))
					dst = append(append(append(dst, ','), b...), `:""`...)
				}
				return append(dst, '}'), nil
			}
		}, "every kind has an error status, a body and the declared type"},
		{"has no body for a conflict", func(s *problem.Style) {
			s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
				if v.Kind == problem.Conflict {
					return dst, nil
				}
				return body(v, nil)
			}
		}, "every kind has an error status, a body and the declared type"},
		{"writes on after its end", func(s *problem.Style) {
			s.Append = func(_ []byte, v *problem.View) ([]byte, error) {
				b, err := body(v, nil)
				return append(b, '}'), err
			}
		}, "every kind has an error status, a body and the declared type"},
		{"leaves line ends as they are", func(s *problem.Style) {
			s.Append = func(_ []byte, v *problem.View) ([]byte, error) {
				b, err := body(v, nil)
				return []byte(strings.ReplaceAll(string(b), `\u2028`, "\u2028")), err
			}
		}, "hostile text arrives as text"},
		{"writes as much as it has written before", func(s *problem.Style) {
			var calls atomic.Int32
			s.Append = func(_ []byte, v *problem.View) ([]byte, error) {
				return body(v, map[string]any{"more": strings.Repeat("x", int(calls.Add(1)%2))})
			}
		}, "HEAD has the header of GET"},
		{"sends what it finds in the buffer", func(s *problem.Style) {
			s.ContentType = "text/plain; charset=utf-8"
			s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
				return append(dst[:min(4, cap(dst))], v.Message...), nil
			}
		}, "an encoder that fails falls back"},
		{"writes null", func(s *problem.Style) {
			s.Append = func(_ []byte, v *problem.View) ([]byte, error) { return body(v, map[string]any{"hint": nil}) }
		}, "no member is null"},
		{"rounds a delay on its own", func(s *problem.Style) {
			s.Append = func(_ []byte, v *problem.View) ([]byte, error) {
				return body(v, map[string]any{"retry": v.RetryAfter * 1000})
			}
		}, "a delay is one value in header and body"},
		{"repeats itself", func(s *problem.Style) {
			s.Append = func(_ []byte, v *problem.View) ([]byte, error) {
				return body(v, map[string]any{"more": strings.Repeat("x", 70_000)})
			}
		}, "an error of any size has a bounded body"},
		{"sorts the error's own fields", func(s *problem.Style) {
			var once sync.Once // otherwise the race detector reports first
			s.Append = func(_ []byte, v *problem.View) ([]byte, error) {
				if v.Message == "Bad input" {
					once.Do(func() { slices.Reverse(v.Fields) })
				}
				return body(v, nil)
			}
		}, "rendering does not change an error"},
		{"decodes to an error of its own", func(s *problem.Style) {
			decode := s.Decode
			s.Decode = func(style *problem.Style, status int, h http.Header, b []byte) (*problem.Error, error) {
				if _, err := decode(style, status, h, b); err != nil {
					return nil, err
				}
				return problem.NotFound.New("x"), nil
			}
		}, "what is decoded is what was encoded"},
		{"loses the code", func(s *problem.Style) {
			s.Decode = func(style *problem.Style, status int, h http.Header, b []byte) (*problem.Error, error) {
				if !bytes.Contains(b, []byte("about:blank")) {
					return nil, errors.New("foreign")
				}
				return problem.Remote(style, status, h, problem.View{Message: "x"}), nil
			}
		}, "what is decoded is what was encoded"},
		{"decodes by the table of its parent", func(s *problem.Style) {
			s.Decode = func(_ *problem.Style, status int, h http.Header, b []byte) (*problem.Error, error) {
				return problem.RFC9457.Decode(&problem.RFC9457, status, h, b)
			}
		}, "a derived style decodes by its own table"},
		{"decodes anything", func(s *problem.Style) {
			s.Decode = func(style *problem.Style, status int, h http.Header, _ []byte) (*problem.Error, error) {
				return problem.Remote(style, status, h, problem.View{}), nil
			}
		}, "bodies of other styles are refused"},
	} {
		style := problem.RFC9457
		style.Name, style.ContentType = "broken", "application/json"
		if strings.Contains(c.promise, "decode") || strings.Contains(c.promise, "refused") {
			style.ContentType = problem.RFC9457.ContentType
		}
		c.change(&style)
		if said := problemtest.Failures(style); len(said[c.promise]) == 0 {
			t.Errorf("a style that %s: the kit complains about %v, want a complaint about %q", c.broken, said, c.promise)
		}
	}
}

// No style can break the promise that a started answer is cut. So handlers break it here.
func TestAnAnswerThatGoesOnIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		more string
		cut  bool
		want int // complaints
	}{
		"cut":                 {"", true, 0},
		"cut after something": {"{}", true, 1},
		"ended":               {"", false, 1},
		"ended with an error": {"{}", false, 2},
	} {
		said := problemtest.Cut(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "begun"+c.more)
			w.(http.Flusher).Flush()
			if c.cut {
				panic(http.ErrAbortHandler)
			}
		}))
		if len(said) != c.want {
			t.Errorf("of an answer that is %s the kit says %q, want %d complaints", name, said, c.want)
		}
	}
}

const secret = `dsn=postgres://u:"p"@h`

func TestNoLeak(t *testing.T) {
	p := problem.New(problem.Config{Style: acme()})
	problemtest.NoLeak(t, p.Handler(problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		if _, err := io.ReadAll(r.Body); err != nil {
			return err
		}
		return problem.Internal.Wrap(errors.New(secret), "")
	})), secret)
}

func TestLeaksAreSeen(t *testing.T) {
	quoted, _ := json.Marshal(secret)
	for name, leak := range map[string]http.HandlerFunc{
		"the body":      func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, secret) },
		"a JSON string": func(w http.ResponseWriter, _ *http.Request) { w.Write(quoted) },
		"a header":      func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Debug-Info", secret) },
		"a trailer":     func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Trailer:X-Debug-Info", secret) },
		"a redirect":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/?"+secret, http.StatusFound) },
		"two chunks":    torn,
		"an aborted answer": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, secret)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		if found := problemtest.Leaks(t, leak, secret); len(found["GET"]) == 0 {
			t.Errorf("a secret in %s was not found: %v", name, found)
		}
	}
}

// torn writes the secret in two chunks, so that on the wire it is not in one piece.
func torn(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, secret[:7])
	w.(http.Flusher).Flush()
	io.WriteString(w, secret[7:])
}
