package contract_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
)

func TestMain(m *testing.M) {
	openapi3filter.RegisterBodyDecoder("text/event-stream", text) // kin-openapi does not know this type
	os.Exit(questions.Main(m, "../../examples"))
}

func text(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	b, err := io.ReadAll(body)
	return string(b), err
}

// published returns the document that a program serves.
func published(t *testing.T, s *questions.Server) []byte {
	t.Helper()
	got := s.Send(questions.Call{Method: "GET", Target: "/openapi.json"})
	if len(got) != 1 || got[0].Status != 200 {
		t.Fatalf("%s answers %v, want its document", s.Name, got)
	}
	return unmasked(t, got[0]).body
}

// unmasked parses an answer with its times and IDs.
func unmasked(t *testing.T, a questions.Answer) response {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(a.Raw)), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{r.StatusCode, r.Header, body}
}

// more returns further questions, so that each operation gives every answer that it
// documents.
func more() []questions.Question {
	all := []questions.Question{
		questions.Get("/api/v1/users", questions.Fails(problem.TokenExpired), "Authorization: Bearer expired-token"),
		questions.Get("/api/v1/credentials", questions.Fails(problem.Unauthenticated)),
		questions.Ask("DELETE", questions.Known, questions.Fails(problem.TokenRevoked), "Authorization: Bearer revoked-token"),
		questions.Ask("DELETE", "/api/v1/resources/%FF", questions.Malformed(problem.Validation), questions.User),
		questions.Post("/api/v1/resources", "{}", questions.Fails(problem.TokenInvalid), "Authorization: Bearer nope"),
	}
	for _, path := range []string{"/api/v1/auth/refresh", "/api/v1/legacy/register", "/api/v1/sessions", "/api/v1/resources"} {
		ask := func(body string, kind problem.Kind, header ...string) {
			q := questions.Ask("POST", path, questions.Fails(kind), append(header, questions.User)...)
			q.Name, q.Body = fmt.Sprintf("POST %s for a %v", path, kind), body
			all = append(all, q)
		}
		ask("{", problem.InvalidRequest, questions.JSONType)
		ask("{}", problem.Validation, questions.JSONType)
		ask("", problem.PayloadTooLarge, questions.JSONType, "Content-Length: 1099511627776")
		ask("{}", problem.UnsupportedMediaType, "Content-Type: text/plain")
		ask("{", problem.RequestTimeout, questions.JSONType, "Content-Length: 10")
		all = append(all, questions.Post(path, `[{"a":1}]`, questions.Fails(problem.InvalidRequest), questions.User))
	}
	return all
}

// witness records which parts of a document were seen in answers.
type witness struct {
	mu       sync.Mutex
	statuses map[string]bool // "GET /x 404"
	anywhere map[int]bool
	codes    map[string]bool
}

// see lets all judges check an answer, and records its parts.
func (w *witness) see(t *testing.T, d *document, style problem.Style, name string, op *operation, r response) {
	t.Helper()
	w.mu.Lock() // the judges may not be safe for concurrent use
	defer w.mu.Unlock()
	for _, j := range judges {
		if err := j.judge(d, op, r); err != nil {
			t.Errorf("%s: %s finds fault with the answer: %v\n%v", name, j.name, err, r)
		}
	}
	w.statuses[fmt.Sprint(op, " ", r.status)] = true
	w.anywhere[r.status] = true
	if r.status < 400 {
		return
	}
	e, err := style.Decode(&style, r.status, r.header, r.body)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	code, _ := e.Code()
	w.codes[code.Name] = true
}

// TestAnswersFitTheDocument sends all questions to all programs, in every style. It compares
// each answer of an operation with the document that the program serves: status, media type,
// required headers and body. Then it checks that everything in the document was seen in an
// answer.
func TestAnswersFitTheDocument(t *testing.T) {
	for _, style := range styles.All {
		t.Run(style.Name, func(t *testing.T) {
			t.Parallel()
			servers := questions.StartAll(t, "-style", style.Name, "-rate", "100000", "-timeout", questions.Timeout, "-debug")
			text := published(t, servers[0])
			for _, s := range servers {
				if got := published(t, s); !bytes.Equal(got, text) {
					t.Errorf("%s serves another document than %s", s.Name, servers[0].Name)
				}
			}
			d := read(t, text)
			w := &witness{statuses: map[string]bool{}, anywhere: map[int]bool{}, codes: map[string]bool{}}
			judged := 0
			for _, q := range slices.Concat(questions.All(style), more()) {
				op := d.find(q.Method, q.Target)
				if op == nil || q.Outside || q.Want.None || q.Want.Cut {
					continue
				}
				judged++
				var wg sync.WaitGroup
				for _, s := range servers {
					wg.Go(func() {
						got := s.Send(q.Call)
						if len(got) == 0 || got[0].Status != q.Want.In(style) {
							t.Errorf("%s: %s answers %v, want status %d", q.Name, s.Name, got, q.Want.In(style))
							return
						}
						w.see(t, d, style, q.Name+" on "+s.Name, op, unmasked(t, got[0]))
					})
				}
				wg.Wait()
			}
			w.exhaust(t, d, style)
			w.checkAll(t, d)
			t.Logf("%d questions were put to %d programs", judged, len(servers))
		})
	}
}

// exhaust sends requests to each operation until its limit is reached.
func (w *witness) exhaust(t *testing.T, d *document, style problem.Style) {
	t.Helper()
	s := questions.Start(t, questions.Programs[0], "-style", style.Name, "-rate", "1")
	for template, item := range d.kin.Paths.Map() {
		for method := range item.Operations() {
			op := d.find(method, template)
			for n := 0; ; n++ {
				got := s.Send(questions.Call{Method: method, Target: op.request().URL.EscapedPath()})
				if len(got) != 1 || n == 2 {
					t.Fatalf("%v answers %v at call %d, want a refusal", op, got, n)
				}
				r := unmasked(t, got[0])
				w.see(t, d, style, "a limit of 1", op, r)
				if r.status == http.StatusTooManyRequests {
					break
				}
			}
		}
	}
}

// everywhere are the statuses that any operation may answer, but that no request can cause in
// each operation: a bug in the handler, and a handler that is too slow.
var everywhere = []int{500, 504}

// checkAll fails for each part of the document that was not seen in an answer.
func (w *witness) checkAll(t *testing.T, d *document) {
	t.Helper()
	for template, item := range d.kin.Paths.Map() {
		for method, op := range item.Operations() {
			for name := range op.Responses.Map() {
				status, err := strconv.Atoi(name)
				if err != nil {
					t.Errorf("%s %s documents a response %s, want only statuses", method, template, name)
				}
				seen := w.statuses[fmt.Sprint(method, " ", template, " ", name)]
				if slices.Contains(everywhere, status) {
					seen = w.anywhere[status]
				}
				if !seen {
					t.Errorf("%s %s documents %s, which no request has caused", method, template, name)
				}
			}
		}
	}
	for _, code := range enum(d.kin.Components.Schemas["Error"].Value) {
		if !w.codes[code] {
			t.Errorf("the code %s is documented, but no request has caused it", code)
		}
	}
	for name := range d.kin.Components.Responses {
		status, err := strconv.Atoi(strings.TrimPrefix(name, "Error"))
		if err != nil || !w.anywhere[status] {
			t.Errorf("the response %s is documented, but no request has caused it", name)
		}
	}
}
