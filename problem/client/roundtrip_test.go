package client_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
)

// The styles whose body has no place for a code, for fields, or for details.
var (
	withoutCode    = map[string]bool{"entryguard": true, "enkryptify": true}
	withoutFields  = map[string]bool{"enpass": true, "enkryptify": true}
	withoutDetails = map[string]bool{"entryguard": true, "enpass": true, "enkryptify": true}
)

// TestTheRoundTripIsClosed sends random errors of every kind and published code in every
// style. It compares the error that a client decodes with the error of the handler.
func TestTheRoundTripIsClosed(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for _, s := range allStyles {
		var subjects []any
		for k := range problem.ClientClosed {
			subjects = append(subjects, k)
		}
		for _, c := range s.Codes {
			subjects = append(subjects, c)
		}
		for _, subject := range subjects {
			for range 20 {
				said := randomError(r, subject)
				if problems := crossed(s, said, respond(s, said.err)); len(problems) > 0 {
					t.Errorf("%s, seed %d: %v: %q", s.Name, seed, said.err, problems)
				}
			}
		}
	}
}

// said is an error of a handler, and the parts that it was made of.
type said struct {
	err    *problem.Error
	kind   problem.Kind
	code   problem.Code // its Name is empty if only a kind was named
	text   string
	fields []problem.FieldError
	detail map[string]int
	delay  time.Duration
}

func randomError(r *rand.Rand, subject any) said {
	var s said
	if r.IntN(2) == 0 {
		s.text = randomText(r)
	}
	switch subject := subject.(type) {
	case problem.Kind:
		s.kind, s.err = subject, subject.New(s.text)
		if r.IntN(4) == 0 {
			s.code = problem.Code{Name: fmt.Sprint("own_", r.IntN(1e6)), Kind: subject, Message: "Own " + randomText(r)}
			s.err = s.code.New(s.text)
		}
	case problem.Code:
		s.kind, s.code, s.err = subject.Kind, subject, subject.New(s.text)
	}
	if r.IntN(2) == 0 {
		s.delay = time.Duration(1 + r.Int64N(int64(2*time.Hour)))
		s.err = s.err.WithRetryAfter(s.delay)
	}
	if s.kind == problem.Validation {
		for i := range r.IntN(4) {
			f := problem.FieldError{Path: problem.Path{randomText(r), i, problem.Key(randomText(r))}, Message: randomText(r)}
			s.fields = append(s.fields, f)
		}
		s.err = s.err.WithFields(s.fields...)
	} else if r.IntN(2) == 0 {
		s.detail = map[string]int{fmt.Sprint("detail_", r.IntN(1e6)): r.Int()}
		for name, value := range s.detail {
			s.err = s.err.WithDetail(name, value)
		}
	}
	return s
}

func randomText(r *rand.Rand) string {
	const letters = `abcXYZ 09.-_[]{}"'\/<>&%#~é語😀` + "\u2028\t\n\x00"
	runes := []rune(letters)
	text := []rune{'T'}
	for range r.IntN(30) {
		text = append(text, runes[r.IntN(len(runes))])
	}
	return string(text)
}

// crossed returns the differences between the error that a client decodes and the error of
// the handler.
func crossed(s problem.Style, said said, resp *http.Response) (problems []string) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	body, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	e, ok := client.Decode(resp, s).(*problem.Error)
	if !ok || !e.Remote() {
		return []string{"no remote error"}
	}
	code, _ := e.Code()
	if code.Status != resp.StatusCode {
		wrong("status %d, want %d", code.Status, resp.StatusCode)
	}
	if want := readKind(s, said, resp.StatusCode); e.Kind() != want || !errors.Is(e, want) {
		wrong("kind %v, want %v", e.Kind(), want)
	}
	if said.code.Name != "" && errors.Is(e, said.code) == withoutCode[s.Name] {
		wrong("code %q", code.Name)
	}
	textIsFields := len(said.fields) > 0 && withoutFields[s.Name]
	if said.text != "" && e.Message() != said.text && !textIsFields {
		wrong("text %q, want %q", e.Message(), said.text)
	}
	if want := (said.delay + time.Second - 1).Truncate(time.Second); e.RetryAfter() != want {
		wrong("delay %v, want %v", e.RetryAfter(), want)
	}
	if e.RequestID() != "req_there" {
		wrong("request ID %q", e.RequestID())
	}
	if !withoutFields[s.Name] {
		problems = append(problems, crossedFields(s, said.fields, e.Fields())...)
	}
	if !withoutDetails[s.Name] && len(e.Details()) != len(said.detail) {
		wrong("details %s, want %v", e.Details(), said.detail)
	}
	for _, d := range e.Details() {
		if string(d.Value) != fmt.Sprint(said.detail[d.Name]) {
			wrong("detail %s: %s", d.Name, d.Value)
		}
	}
	if again := respondBody(s, problem.Passthrough(e)); said.kind != problem.Validation && !sameButTime(again, body) {
		wrong("after Passthrough the body is %s, want %s", again, body)
	}
	return problems
}

// readKind returns the kind that a client should decode. It is that of a published code, or
// else that of the first outcome that looks the same in the body.
func readKind(s problem.Style, said said, status int) problem.Kind {
	name, text := sentAs(s, said)
	for _, c := range s.Codes {
		if c.Name == name && c.Status == status {
			return c.Kind
		}
	}
	if len(said.fields) > 0 && !withoutFields[s.Name] {
		return problem.Validation
	}
	alike := func(same func(problem.Kind) bool) (problem.Kind, bool) {
		for k := range problem.ClientClosed {
			if s.Outcomes[k].Status == status && same(k) {
				return k, true
			}
		}
		return 0, false
	}
	hasCode := func(k problem.Kind) bool { return withoutCode[s.Name] || s.Outcomes[k].Code == name }
	hasText := func(k problem.Kind) bool { return rowText(s, k) == text }
	for _, same := range []func(problem.Kind) bool{
		func(k problem.Kind) bool { return hasCode(k) && hasText(k) },
		hasCode,
		func(problem.Kind) bool { return true },
	} {
		if k, ok := alike(same); ok {
			return k
		}
	}
	return problem.KindOf(status)
}

// sentAs returns the code and the text in the body.
func sentAs(s problem.Style, said said) (name, text string) {
	name, text = s.Outcomes[said.kind].Code, rowText(s, said.kind)
	if said.code.Name != "" {
		name = said.code.Name
	}
	if said.code.Message != "" {
		text = said.code.Message
	}
	if said.text != "" {
		text = said.text
	}
	if len(said.fields) > 0 && withoutFields[s.Name] {
		text = "fields"
	}
	return name, text
}

// rowText returns the text of an outcome, or that of the default style.
func rowText(s problem.Style, k problem.Kind) string {
	return cmp.Or(s.Outcomes[k].Message, problem.RFC9457.Outcomes[k].Message)
}

func crossedFields(s problem.Style, want, got []problem.FieldError) (problems []string) {
	if len(got) != len(want) {
		return []string{fmt.Sprintf("%d fields, want %d", len(got), len(want))}
	}
	syntax := problem.Brackets
	if s.Name == problem.RFC9457.Name {
		syntax = problem.Pointer
	}
	for i := range want {
		g, w := string(got[i].AppendPath(nil, syntax)), string(want[i].AppendPath(nil, syntax))
		if g != w || got[i].Message != want[i].Message {
			problems = append(problems, fmt.Sprintf("field %q %q, want %q %q", g, got[i].Message, w, want[i].Message))
		}
	}
	return problems
}

func respondBody(s problem.Style, err error) []byte {
	body, _ := io.ReadAll(respond(s, err).Body)
	return body
}

// sameButTime reports whether two bodies are equal, except for a timestamp.
func sameButTime(a, b []byte) bool {
	i, j := bytes.Index(a, []byte(`"timestamp":"`)), bytes.Index(b, []byte(`"timestamp":"`))
	if i >= 0 && i == j {
		const length = len(`"timestamp":"2006-01-02T15:04:05Z"`)
		return bytes.Equal(a[:i], b[:i]) && bytes.Equal(a[i+length:], b[i+length:])
	}
	return bytes.Equal(a, b)
}
