package routers_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// A script is a handler as pairs of bytes. The first byte says what to do, the second selects
// the header, status or text to do it with. FuzzScript plays a script with Standard and
// without it.
type script []byte

const maxSteps = 12

var (
	scriptHeaders = [...][2]string{
		{"Content-Type", "application/json"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Type", ""},
		{"Content-Length", "10"},
		{"Content-Length", "0"},
		{"Content-Length", "600"},
		{"Trailer", "X-Sum"},
		{"X-Sum", "1"},
		{"Etag", `"x"`},
		{"Transfer-Encoding", "identity"},
		{"Connection", "close"},
		{"X-Late", "1"},
		{http.TrailerPrefix + "X-Last", "2"},
		{"Set-Cookie", "a=b"},
		{"Content-Encoding", "br"},
		{"Date", "now"},
	}
	scriptStatuses = [...]int{200, 201, 204, 304, 206, 301, 400, 404, 500, 503, 103, 100, 205, 418}
	scriptTexts    = [...]string{
		"", "x", tenBytes, strings.Repeat("x", 600), strings.Repeat("x", 5000), `{"a":1}`, `[1`, `]`, "<html>", "\n",
		"\x89PNG\r\n\x1a\n", `{"a":"` + strings.Repeat("x", 66<<10), "no such thing\n", strings.Repeat(" ", 600),
	}
)

// errRefused means that a write has failed.
var errRefused = errors.New("refused")

// play runs the script. If bare is set, a step that would fail ends the script instead.
func (s script) play(w http.ResponseWriter, r *http.Request, bare bool) error {
	for i := 0; i+1 < len(s) && i < 2*maxSteps; i += 2 {
		arg := int(s[i+1])
		text := scriptTexts[arg%len(scriptTexts)]
		var err error
		switch s[i] % 14 {
		case 0, 1:
			h := scriptHeaders[arg%len(scriptHeaders)]
			w.Header().Set(h[0], h[1])
		case 2:
			w.Header().Del(scriptHeaders[arg%len(scriptHeaders)][0])
		case 3, 4:
			w.WriteHeader(scriptStatuses[arg%len(scriptStatuses)])
		case 5, 6:
			_, err = io.WriteString(w, text)
		case 7:
			_, err = w.Write([]byte(text))
		case 8:
			_, err = io.Copy(w, strings.NewReader(text))
		case 9:
			http.NewResponseController(w).Flush()
		case 10:
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmine")
				conn.Close()
			}
		case 11:
			http.Error(w, "no such thing", scriptStatuses[6+arg%4])
		default:
			if bare {
				return nil
			}
			switch arg % 6 {
			case 0:
				panic("boom")
			case 1:
				panic(http.ErrAbortHandler)
			case 2:
				runtime.Goexit()
			case 3:
				return problem.Conflict
			case 4:
				return errors.New("boom")
			case 5:
				problem.Respond(w, r, problem.Gone)
			}
		}
		if err != nil {
			return errRefused // net/http counts the bytes that it has refused
		}
	}
	return nil
}

// may reports whether the script may fail: it sets an error status, panics, or returns an
// error.
func (s script) may() (fail bool) {
	for i := 0; i+1 < len(s) && i < 2*maxSteps; i += 2 {
		switch op := s[i] % 14; {
		case op >= 11, (op == 3 || op == 4) && scriptStatuses[int(s[i+1])%len(scriptStatuses)] >= 400:
			return true
		}
	}
	return false
}

// has reports whether the script has a step of one of the kinds, with one of the rows.
func (s script) has(kinds []byte, rows ...int) bool {
	for i := 0; i+1 < len(s) && i < 2*maxSteps; i += 2 {
		if slices.Contains(kinds, s[i]%14) && (rows == nil || slices.Contains(rows, int(s[i+1])%len(scriptHeaders))) {
			return true
		}
	}
	return false
}

// FuzzScript checks the rule of the matrix for random handlers. The client must read the
// envelope, or an answer that is cut, or the answer that net/http sends without Standard, with
// the same header.
func FuzzScript(f *testing.F) {
	for _, steps := range [][]byte{
		{},
		{5, 2, 12, 0},
		{3, 2, 9, 0, 12, 3},
		{3, 7, 0, 11, 5, 12},
		{3, 7, 5, 5},
		{3, 7, 5, 6, 5, 7},
		{3, 8, 8, 13, 5, 8},
		{0, 6, 5, 4, 0, 7, 0, 12},
		{3, 10, 3, 2, 0, 11},
		{0, 4, 3, 1, 5, 2},
		{5, 2, 11, 2, 5, 1},
		{12, 5, 5, 2, 12, 5},
		{3, 7, 10, 0, 12, 0},
		{3, 6, 7, 11, 9, 0, 7, 3},
		{0, 14, 3, 7, 5, 12},
		{0, 1, 3, 7, 5, 5, 9, 0},
		{3, 3, 5, 2, 12, 4},
		{0, 3, 5, 2, 12, 4},
		{3, 2, 5, 0, 0, 12},
	} {
		for mode := range byte(24) {
			f.Add(steps, mode)
		}
	}
	p := newPair(f)
	f.Fuzz(p.play)
}

// TestRandomScripts plays random scripts, always the same ones.
func TestRandomScripts(t *testing.T) {
	p, random := newPair(t), rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		steps := make([]byte, 2*random.IntN(7))
		for i := range steps {
			steps[i] = byte(random.IntN(210))
		}
		p.play(t, steps, byte(random.IntN(24)))
	}
}

// pair has the stages without Standard, and the same stages with it.
type pair struct{ bare, ours []*stage }

func newPair(t testing.TB) (p pair) {
	for _, wrap := range []mw{middleware.Chain(), hiding} {
		p.bare, p.ours = append(p.bare, newStage(t, false, wrap)), append(p.ours, newStage(t, true, wrap))
	}
	return p
}

func (p pair) play(t *testing.T, steps []byte, mode byte) {
	s := script(steps)
	method := []string{"GET", "HEAD"}[mode%2]
	protocol := []string{h10, warm, h2}[mode/2%3]
	i := mode / 6 % 2
	if protocol == h2 && (s.has([]byte{10}) || s.has([]byte{0, 1}, 4)) {
		protocol = warm // HTTP/2 has no hijack, and sends bytes after a declared length of 0
	}
	b, o := p.bare[i], p.ours[i]
	o.form.Store(mode/12%2 == 0)
	b.script.Store(&s)
	o.script.Store(&s)
	o.records.forget()
	noise := len(o.log.String())
	bareNoise := len(b.log.String())
	want, got := b.ask(t, method, protocol), o.ask(t, method, protocol)
	b.summary(t)
	sum := o.summary(t)
	failures := slices.DeleteFunc(o.records.all(), func(r record) bool { return r.level < slog.LevelInfo })
	said := fmt.Sprintf("%v %d: %s %s, summary %+v, records %v\ngot  %v\nwant %v", steps, mode, protocol, method, *sum, o.records.all(), got, want)
	if len(failures) > 1 {
		t.Errorf("the log has %d records: %s", len(failures), said)
	}
	if sum.Hijacked && (s.may() || s.has([]byte{5, 6, 7, 8})) {
		return // net/http loses the bytes in its buffer
	}
	if o.refused.Load() && protocol == h2 {
		return // net/http takes the Content-Type from the bytes that it refuses
	}
	if len(failures) == 0 && !sum.Aborted {
		if got.String() != want.String() {
			t.Errorf("nothing has failed, and the answers differ: %s", said)
		}
		if n, m := strings.Count(o.log.String()[noise:], "superfluous"), strings.Count(b.log.String()[bareNoise:], "superfluous"); (n > 0) != (m > 0) && !sum.Hijacked && protocol != h2 {
			t.Errorf("net/http logs a superfluous status %d times, %q, want %d: %s", n, o.log.String()[noise:], m, said)
		}
		return
	}
	if !s.may() {
		t.Errorf("the script cannot fail, but a failure was reported: %s", said)
	}
	envelope := got.err == nil && got.header.Get("Content-Type") == "application/problem+json" &&
		(method == "HEAD" && got.body == "" || strings.HasPrefix(got.body, `{"type":`) && strings.HasSuffix(got.body, "}") && strings.Count(got.body, `"status":`) == 1) &&
		got.raw == "" && sum.Status == got.status && len(failures) == 1 && failures[0].attrs["status"] == fmt.Sprint(got.status) && failures[0].attrs["aborted"] == ""
	cut := got.err != nil && sum.Aborted
	shown := sum.Aborted && got.err == nil && got.String() == want.String() && (s.has([]byte{9}) || s.has([]byte{0, 1}, 3, 4, 5))
	exit := protocol == h2 && got.err != nil && s.has([]byte{12, 13})
	if !envelope && !cut && !shown && !sum.Hijacked && !exit {
		t.Errorf("the answer is neither an envelope, nor cut, nor that of the handler: %s", said)
	}
}
