package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/internal/strictjson"
)

var wide = strictjson.Limits{Depth: 64, Elements: 10_000, Tokens: 100_000}

// scan checks a whole document, behind which there is no byte to read.
func scan(doc string, limits strictjson.Limits) error {
	s := strictjson.NewScanner(limits)
	defer s.Release()
	return s.Scan(slices.Clip([]byte(doc)), true)
}

func times(n int, s string) string { return strings.Repeat(s, n) }

// unknown is n members with different names.
func unknown(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"u%d":1`, i)
	}
	return b.String()
}

func TestEveryClassOfTheSuite(t *testing.T) {
	isJSON, notJSON := suite(t)
	for _, doc := range notJSON {
		if err := scan(doc, wide); err == nil {
			t.Errorf("Scan(%q) = nil, want it refused", doc)
		}
	}
	for _, doc := range isJSON {
		if err := scan(doc, wide); err != nil {
			t.Errorf("Scan(%q) = %v, want it accepted", doc, err)
		}
	}
}

func TestLimitsAreExact(t *testing.T) {
	const many, none = 1000, 0
	for _, tt := range []struct {
		limits strictjson.Limits
		doc    string
		want   string
	}{
		{strictjson.Limits{Depth: many, Elements: 2, Tokens: many}, `[[1,2],{"a":1,"b":2}]`, "ok"},
		{strictjson.Limits{Depth: many, Elements: 2, Tokens: many}, `[[1,2],{"a":1,"b":2,"c":3}]`, "elements"},
		{strictjson.Limits{Depth: many, Elements: 2, Tokens: many}, `[1,2,3]`, "elements"},
		{strictjson.Limits{Depth: many, Elements: many, Tokens: 6}, `[1,{"a":2},[]]`, "ok"},
		{strictjson.Limits{Depth: many, Elements: many, Tokens: 5}, `[1,{"a":2},[]]`, "elements"},
		{strictjson.Limits{Depth: 3, Elements: many, Tokens: many}, `[[{}]]`, "ok"},
		{strictjson.Limits{Depth: 2, Elements: many, Tokens: many}, `[[{}]]`, "depth"},
		{strictjson.Limits{Depth: 2, Elements: many, Tokens: many}, `[[],[],{}]`, "ok"},
		{strictjson.Limits{Depth: none, Elements: many, Tokens: many}, `1`, "ok"},
		{strictjson.Limits{Depth: none, Elements: many, Tokens: many}, `[]`, "depth"},
		{wide, times(1000, "1"), "ok"},
		{wide, times(1001, "1"), "number"},
		{wide, "-0." + times(997, "1"), "ok"},
		{wide, "-0." + times(998, "1"), "number"},
	} {
		if got := kind(scan(tt.doc, tt.limits)); got != tt.want {
			t.Errorf("Scan(%.40s) with %+v = %s, want %s", tt.doc, tt.limits, got, tt.want)
		}
	}
}

func kind(err error) string {
	e, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return "ok"
	}
	return map[strictjson.Kind]string{
		strictjson.Syntax: "syntax", strictjson.Depth: "depth", strictjson.Elements: "elements",
		strictjson.Number: "number", strictjson.Duplicate: "duplicate",
	}[e.Kind]
}

// Few names are compared, many are hashed; both find the second of two,
// wherever it stands and however it is written.
func TestDuplicatesAreFoundInObjectsOfAnySize(t *testing.T) {
	for _, n := range []int{2, 15, 16, 17, 31, 32, 33, 64, 1000, 9000} {
		object := strings.Replace(unknown(n), ",", "{", 1)
		if err := scan(object+"}", wide); err != nil {
			t.Errorf("an object of %d distinct members = %v, want ok", n, err)
		}
		for _, at := range []int{0, n / 2, n - 1} {
			for _, u := range []string{"u", `\u0075`} {
				err := scan(fmt.Sprintf(`[{"x":%s,"%s%d":2}}]`, object, u, at), wide)
				e, ok := errors.AsType[*strictjson.Error](err)
				if want := []any{0, "x", fmt.Sprint("u", at)}; !ok || e.Kind != strictjson.Duplicate || !reflect.DeepEqual(e.Path, want) {
					t.Errorf("an object of %d members with name %d twice = %#v, want a duplicate at %v", n, at, err, want)
				}
			}
		}
	}
}

// The names that were written with escapes lie one behind the other.
func TestNamesWithEscapesAreToldApart(t *testing.T) {
	for doc, want := range map[string]string{
		`{"\u0061":1,"\u0061b":2,"b\u0061":3}`:          "ok",
		`{"\u0061":1,"\u0062":2,"\u0062":3,"\u0063":4}`: "duplicate",
		`{"\u0061":{"\u0061":1,"b":2},"\u0062":3}`:      "ok",
	} {
		if got := kind(scan(doc, wide)); got != want {
			t.Errorf("Scan(%s) = %s, want %s", doc, got, want)
		}
	}
}

func TestErrorsSayWhereAndWhyButNotWhat(t *testing.T) {
	limits := strictjson.Limits{Depth: 2, Elements: 3, Tokens: 8}
	for _, tt := range []struct{ doc, want string }{
		{`{"s3cr3t":}`, "byte 10: want a value"},
		{`["s3cr3t",nul]`, "byte 10: want a value"},
		{`["s3cr3t" 1]`, "byte 10: want a comma or the end of the container"},
		{`{"s3cr3t"}`, "byte 9: want a colon"},
		{`{s3cr3t:1}`, "byte 1: want a name"},
		{`1 s3cr3t`, "byte 2: data after the value"},
		{`["s3cr3t`, "byte 8: unfinished string"},
		{`["s3cr3t\x"]`, "byte 8: invalid escape"},
		{"[\"s3cr3t\x01\"]", "byte 8: control character in a string"},
		{"{\"s3cr3t\x01\":1}", "byte 8: control character in a string"},
		{"[\"s3cr3t\xff\"]", "byte 8: invalid UTF-8"},
		{`-s3cr3t`, "byte 1: want a digit"},
		{`1.s3cr3t`, "byte 2: want a digit after the point"},
		{`1e+s3cr3t`, "byte 3: want a digit in the exponent"},
		{times(1001, "1"), "byte 1001: a number of too many bytes"},
		{`{"s3cr3t":1,"s3cr3t":2}`, "byte 23: a name came twice in one object"},
		{`["s3cr3t",2,3,4]`, "byte 14: more elements in one container than allowed"},
		{`[["s3cr3t",2,3],[5,6,7]]`, "byte 21: more values and names than allowed"},
		{`{"s3cr3t":[[]]}`, "byte 11: nested more deeply than allowed"},
	} {
		if err := scan(tt.doc, limits); fmt.Sprint(err) != tt.want {
			t.Errorf("Scan(%.40q) = %v, want %s", tt.doc, err, tt.want)
		}
	}
}

// Whatever piece of a document comes first, it is not refused if the whole is
// accepted, and a fault in it is one of the whole, too.
func inPieces(t *testing.T, doc []byte, cuts ...int) {
	t.Helper()
	whole, pieces := strictjson.NewScanner(wide), strictjson.NewScanner(wide)
	defer whole.Release()
	defer pieces.Release()
	want := whole.Scan(doc, true)
	var got error
	for _, cut := range cuts {
		if cut <= len(doc) && got == nil {
			got = pieces.Scan(append([]byte(nil), doc[:cut]...), false)
		}
	}
	if got == nil {
		got = pieces.Scan(doc, true)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("Scan(%q) in pieces that end at %v = %v, want %v as of the whole", doc, cuts, got, want)
	}
	if got == nil && !bytes.Equal(read(pieces.Cursor()), read(whole.Cursor())) {
		t.Fatalf("reading %q after pieces that end at %v = %s, want %s", doc, cuts, read(pieces.Cursor()), read(whole.Cursor()))
	}
}

func TestDocumentsInPieces(t *testing.T) {
	isJSON, notJSON := suite(t)
	docs := append(append([]string{
		`{"a":[1,{"b":"\ud83d\ude00é"},[]],"c\u0064":{"e":null},"x":` + times(40, "7") + `}`,
		`[[[[1],[2,3]],[]],{"a":{"b":{}}}]  `, `{"a":1,"b":{"c":1,"c":2}}`,
	}, notJSON...), isJSON...)
	for _, doc := range docs {
		for i := range len(doc) + 1 {
			inPieces(t, []byte(doc), i)
			inPieces(t, []byte(doc), i/2, i, (i+len(doc))/2)
		}
	}
}

func TestFaultsAreToldEarly(t *testing.T) {
	for _, doc := range []string{times(64, "x"), times(12, "x"), `{"a":1,}` + times(64, " "), "[\x01" + times(64, "1"), times(80, "["), `{"a":1,"a":2}` + times(64, " ")} {
		s := strictjson.NewScanner(wide)
		if err := s.Scan([]byte(doc), false); err == nil {
			t.Errorf("Scan of the piece %q = nil, want a fault", doc)
		}
		s.Release()
	}
}

// read writes down what a cursor reads, as JSON.
func read(c strictjson.Cursor) []byte { return appendValue(nil, &c) }

func appendValue(dst []byte, c *strictjson.Cursor) []byte {
	switch open := c.Peek(); open {
	case '{', '[':
		dst = append(dst, open)
		for i := range c.Open() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if open == '{' {
				name, _ := json.Marshal(string(c.Name()))
				dst = append(append(dst, name...), ':')
			}
			dst = appendValue(dst, c)
			c.Next()
		}
		return append(dst, open+2) // the bracket that closes it
	case '"':
		text, _ := json.Marshal(string(c.Text()))
		return append(dst, text...)
	}
	return append(dst, c.Raw()...)
}

// A cursor reads what encoding/json reads, member by member or as raw pieces.
func TestCursorReadsWhatWasSent(t *testing.T) {
	isJSON, _ := suite(t)
	for _, doc := range isJSON {
		s := strictjson.NewScanner(wide)
		if err := s.Scan([]byte(doc), true); err != nil {
			t.Fatal(err)
		}
		sameJSON(t, doc, read(s.Cursor()))
		c := s.Cursor()
		if raw := c.Raw(); string(raw) != strings.Trim(doc, " \t\r\n") {
			t.Errorf("Raw of %q = %q, want all of it", doc, raw)
		}
		s.Release()
	}
	// Skipped containers must not confuse the sizes of those behind them.
	s := strictjson.NewScanner(wide)
	defer s.Release()
	if err := s.Scan([]byte(`[[[1,2],{},[{}],{"a":[]}], [3,4,5], {"\"]":1}]`), true); err != nil {
		t.Fatal(err)
	}
	c := s.Cursor()
	if n := c.Open(); n != 3 {
		t.Fatalf("Open = %d, want 3 elements", n)
	}
	c.Raw()
	c.Next()
	if n := c.Open(); n != 3 {
		t.Errorf("Open behind a skipped list = %d, want 3 elements", n)
	}
}

// Nothing is copied that need not be, and whoever appends to a piece of the
// document does not write into the document.
func TestTextsAreClippedPiecesOfTheDocument(t *testing.T) {
	doc := []byte(`["abc",123]`)
	s := strictjson.NewScanner(wide)
	defer s.Release()
	if err := s.Scan(doc, true); err != nil {
		t.Fatal(err)
	}
	c := s.Cursor()
	c.Open()
	text := c.Text()
	c.Next()
	raw := c.Raw()
	if &text[0] != &doc[2] || &raw[0] != &doc[7] {
		t.Error("Text and Raw return copies, want pieces of the document")
	}
	_, _ = append(text, 'X'), append(raw, 'X')
	if string(doc) != `["abc",123]` {
		t.Errorf("after an append to its pieces the document is %s, want it as it was", doc)
	}
}

func sameJSON(t *testing.T, doc string, got []byte) {
	t.Helper()
	if a, b := generic(t, doc), generic(t, string(got)); !reflect.DeepEqual(a, b) {
		t.Errorf("reading %q = %s, want the same value", doc, got)
	}
}

func generic(t *testing.T, doc string) (x any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&x); err != nil {
		t.Fatalf("decoding %q: %v", doc, err)
	}
	return x
}

func TestUnquoteIsBlankAndIsNumber(t *testing.T) {
	for literal, want := range map[string]string{`"a\n\u00e9"`: "a\né", `""`: "", `"a`: "refused", `a"`: "refused", `"a" `: "refused", `"\ud800"`: "refused", ``: "refused"} {
		text, ok := strictjson.Unquote([]byte(literal))
		if !ok {
			text = "refused"
		}
		if text != want {
			t.Errorf("Unquote(%s) = %q, want %q", literal, text, want)
		}
	}
	for text, want := range map[string]bool{"": true, " \t\r\n": true, "\v": false, " 1": false, "\u00a0": false} {
		if strictjson.IsBlank([]byte(text)) != want {
			t.Errorf("IsBlank(%q) = %v, want %v", text, !want, want)
		}
	}
	for text, want := range map[string]bool{"1": true, "-0.5e+7": true, "": false, "01": false, "1 ": false, "+1": false, "0x1": false} {
		if strictjson.IsNumber([]byte(text)) != want {
			t.Errorf("IsNumber(%q) = %v, want %v", text, !want, want)
		}
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates on its own account")
	}
	for name, doc := range map[string]string{
		"50 items":           `[` + strings.TrimSuffix(times(50, `{"name":"a thing of ours","qty":12},`), ",") + `]`,
		"1,000 names":        `{"a":1` + unknown(1000) + `}`,
		"names with escapes": `{"\u0061":1,"\u0062":2}`,
	} {
		data := []byte(doc)
		cost := testing.AllocsPerRun(100, func() {
			s := strictjson.NewScanner(wide)
			defer s.Release()
			if err := s.Scan(data, true); err != nil {
				t.Errorf("Scan of %s = %v", name, err)
			}
			c := s.Cursor()
			c.Raw()
		})
		if cost > 0 {
			t.Errorf("the scan of %s costs %v allocations, want none", name, cost)
		}
	}
}

// The pool keeps nothing of a document, not even of the one before the last, and
// no scanner that has grown large.
func TestReleaseForgetsTheDocument(t *testing.T) {
	for _, docs := range [][]string{
		{`{"s\u0033cr3t":1}`},
		{`{"s\u0033cr3t":1}`, `{}`},
		{`{"s3cr3t":1}`},
		{`{"\u0061` + times(1<<14, "cr3t") + `":1}`},
		{`{"a":1` + unknown(4000) + `}`},
		{times(9000, "[") + times(9000, "]")},
		{`[` + times(9000, "[1],") + `1]`},
	} {
		for range 10 {
			s := strictjson.NewScanner(strictjson.Limits{Depth: 10_000, Elements: 10_000, Tokens: 100_000})
			for _, doc := range docs {
				if err := s.Scan([]byte(doc), true); err != nil {
					t.Fatal(err)
				}
			}
			s.Release()
			if left, size := strictjson.Leftovers(); bytes.Contains(left, []byte("cr3t")) || size > 1<<13 {
				t.Fatalf("after %.40s the pool holds %.40q and room for %d, want nothing and at most %d", docs, left, size, 1<<13)
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	isJSON, notJSON := suite(f)
	for _, doc := range append(notJSON, isJSON...) {
		f.Add([]byte(doc), 7)
	}
	// The scan never panics, accepts nothing that encoding/json refuses, answers
	// pieces as it answers the whole, and a cursor reads what was sent.
	f.Fuzz(func(t *testing.T, doc []byte, cut int) {
		inPieces(t, doc, max(0, min(cut, len(doc))))
		s := strictjson.NewScanner(wide)
		defer s.Release()
		if s.Scan(doc, true) != nil {
			return
		}
		if !json.Valid(doc) {
			t.Fatalf("Scan(%q) = nil, want it refused", doc)
		}
		sameJSON(t, string(doc), read(s.Cursor()))
	})
}
