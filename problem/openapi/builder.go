package openapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// builder makes a document. It goes on after a fault, to find the next one.
type builder struct {
	cfg            Config
	style          problem.Style
	hidesForbidden bool
	doc            *object
	faults         []error
	codes          []string
	responses      map[int]*response
}

func (b *builder) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf("openapi: "+format, args...))
}

// base reads Config.Base, or begins a document.
func (b *builder) base() {
	b.doc = &object{}
	if len(b.cfg.Base) > 0 {
		b.readBase()
		return
	}
	if b.cfg.Title == "" {
		b.fault("without Base a Title is required")
	}
	if b.cfg.Version == "" {
		b.fault("without Base a Version is required")
	}
	b.doc.setString("openapi", "3.1.0")
	info := b.doc.add("info")
	info.setString("title", b.cfg.Title)
	info.setString("version", b.cfg.Version)
	b.doc.add("paths")
}

func (b *builder) readBase() {
	doc, ok := parseObject(b.cfg.Base)
	if !ok {
		b.fault("Base is not a JSON object (a YAML document has to be converted), or has a name twice")
		return
	}
	if version := doc.stringOf("openapi"); version != "3.1" && !strings.HasPrefix(version, "3.1.") {
		b.fault("Base is a document of OpenAPI %q, want 3.1", version)
		return
	}
	b.doc = doc
}

// readStyle reads the style of the responder, and reports whether there is a responder.
// If there is none, readStyle sets another one, so that the faults of the operations
// are found all the same.
func (b *builder) readStyle() (known bool) {
	known = b.cfg.Responder != nil
	if !known {
		b.fault("a Responder is required")
		b.cfg.Responder = problem.New(problem.Config{})
	}
	b.style = b.cfg.Responder.Style()
	if !isToken(b.cfg.RequestID) {
		b.fault("RequestID %q is not the name of a header", b.cfg.RequestID)
	}
	forbidden, notFound := b.preview(problem.Forbidden, "GET", "/"), b.preview(problem.NotFound, "GET", "/")
	b.hidesForbidden = forbidden.status == notFound.status && forbidden.body == notFound.body
	return known
}

// isToken reports whether a text may be the name of a header.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
func isToken(text string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	for _, c := range text {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(marks, c)) {
			return false
		}
	}
	return text != ""
}

// documentOperations adds all operations.
func (b *builder) documentOperations() {
	b.responses = map[int]*response{}
	b.readVocabulary()
	common := b.failures("Config.Errors", append(slices.Clone(b.cfg.Errors), problem.Internal))
	patterns := map[string]string{} // first pattern of a method and shape
	for _, op := range b.cfg.Operations {
		where := fmt.Sprintf("operation %q", op.Pattern)
		own := b.failures(where, op.Errors)
		p, err := parsePattern(op.Pattern)
		if err != nil {
			b.fault("%s: %w", where, err)
			continue
		}
		route := p.method + " " + shape(p.template)
		if first, ok := patterns[route]; ok {
			b.fault("%s: the pattern comes twice, first as %q", where, first)
			continue
		}
		patterns[route] = op.Pattern
		b.addOperation(where, p, b.answers(p, slices.Concat(own, common)))
	}
}

// readVocabulary collects the codes of the style.
func (b *builder) readVocabulary() {
	for _, c := range b.style.Codes {
		b.addCode(c.Name)
	}
	for _, o := range b.style.Outcomes {
		b.addCode(o.Code)
	}
	b.addCode(b.style.Shape.Code)
}

func (b *builder) addCode(name string) {
	if name != "" && !slices.Contains(b.codes, name) {
		b.codes = append(b.codes, name)
	}
}

// answers adds the answers of an operation to the responses, and returns the texts of
// its errors by status.
func (b *builder) answers(p pattern, all []failure) map[int][]string {
	texts := map[int][]string{}
	for _, f := range all {
		b.addCode(f.code)
		a := b.preview(f.err, p.method, "/")
		s := b.responses[a.status]
		if s == nil {
			s = &response{status: a.status}
			b.responses[a.status] = s
		}
		s.take(b, f, a, p)
		if !slices.Contains(texts[a.status], f.text) {
			texts[a.status] = append(texts[a.status], f.text)
		}
	}
	return texts
}
