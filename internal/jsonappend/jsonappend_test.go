package jsonappend_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/backstop-go/backstop/internal/jsonappend"
)

func TestString(t *testing.T) {
	for _, c := range []struct{ rule, in, want string }{
		{"empty", "", `""`},
		{"plain", "Secret not found", `"Secret not found"`},
		{"quotes and backslashes", `a"b\c`, `"a\"b\\c"`},
		{"short escapes", "\b\f\n\r\t", `"\b\f\n\r\t"`},
		{"other control characters", "\x00\x1f\x7f", `"\u0000\u001f` + "\x7f\""},
		{"HTML is left alone", "<a href='x'>&", `"<a href='x'>&"`},
		{"letters", "é日😀", `"é日😀"`},
		{"line ends of JavaScript", "a\u2028b\u2029c\u2027", `"a\u2028b\u2029c` + "\u2027\""},
		{"an invalid byte", "a\xffb", "\"a\ufffdb\""},
		{"two of them", "\xff\xfe", "\"\ufffd\ufffd\""},
		{"a rune that was cut", "a\xe2\x80", "\"a\ufffd\ufffd\""},
		{"a surrogate", "\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\""},
		{"U+FFFD itself", "\ufffd", "\"\ufffd\""},
	} {
		if got := string(jsonappend.String(nil, c.in)); got != c.want {
			t.Errorf("%s: String(%q) = %s, want %s", c.rule, c.in, got, c.want)
		}
		if got := string(jsonappend.String([]byte("{"), []byte(c.in))); got != "{"+c.want {
			t.Errorf("%s: String(%q as bytes) = %s, want %s after what was there", c.rule, c.in, got, c.want)
		}
	}
}

func TestEnum(t *testing.T) {
	const schema = `{"type":"string","enum":[],"title":"x"}`
	for _, c := range []struct {
		words []string
		want  string
	}{
		{nil, `{"type":"string","minLength":1,"title":"x"}`},
		{[]string{"a"}, `{"type":"string","enum":["a"],"title":"x"}`},
		{[]string{"b", `"`}, `{"type":"string","enum":["b","\""],"title":"x"}`},
	} {
		if got := string(jsonappend.Enum([]byte("["), schema, c.words)); got != "["+c.want {
			t.Errorf("Enum(%q) = %s, want %s after what was there", c.words, got, c.want)
		}
	}
}

func ExampleText() {
	b := []byte(`{"message":"`)
	b = jsonappend.Text(b, `name "x"`)
	b = append(b, ": "...)
	b = jsonappend.Text(b, "is required")
	fmt.Printf("%s\"}\n", b)
	// Output:
	// {"message":"name \"x\": is required"}
}

func FuzzString(f *testing.F) {
	f.Add("plain", "text")
	f.Add("\x00\b\f\n\r\t\x7f", "\"\\")
	f.Add("\u2028\u2029", "<&>'")
	f.Add("\xff", "\xe2\x80")
	f.Add("😀", "\xf0\x9f")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := jsonappend.String(nil, a)
		// It reads back as what encoding/json would have written.
		var read, want string
		if err := json.Unmarshal(got, &read); err != nil {
			t.Fatalf("String(%q) = %s: %v", a, got, err)
		}
		reference := encode(t, a)
		if err := json.Unmarshal(reference, &want); err != nil {
			t.Fatal(err)
		}
		if read != want {
			t.Errorf("String(%q) reads back as %q, want %q", a, read, want)
		}
		// It is even the same bytes, but for invalid UTF-8, which encoding/json
		// escapes or not, depending on its version.
		if utf8.ValidString(a) && !bytes.Equal(got, reference) {
			t.Errorf("String(%q) = %s, want %s", a, got, reference)
		}
		if !utf8.Valid(got) || bytes.ContainsAny(got, "\u2028\u2029") {
			t.Errorf("String(%q) = %q has what is to be escaped", a, got)
		}
		// Bytes read as strings do, and parts as a whole, if no rune is torn.
		if asBytes := jsonappend.String(nil, []byte(a)); !bytes.Equal(got, asBytes) {
			t.Errorf("String(%q as bytes) = %s, want %s", a, asBytes, got)
		}
		parts := jsonappend.Text(jsonappend.Text([]byte(`"`), a), b)
		whole := jsonappend.String(nil, a+b)
		if utf8.ValidString(a) && !bytes.Equal(append(parts, '"'), whole) {
			t.Errorf("Text(%q) and Text(%q) = %s, want %s", a, b, parts, whole)
		}
	})
}

func encode(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func TestNothingIsAllocated(t *testing.T) {
	dst := make([]byte, 0, 4096)
	text := "plain é\u2028\xff\n" + strings.Repeat("日", 100)
	raw := []byte(text)
	if n := testing.AllocsPerRun(100, func() {
		dst = jsonappend.String(dst[:0], text)
		dst = jsonappend.String(dst[:0], raw)
	}); n > 0 {
		t.Errorf("appending to a buffer that is large enough allocates %v times, want 0", n)
	}
}

func BenchmarkString(b *testing.B) {
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = jsonappend.String(dst[:0], "An unexpected error occurred. Please try again later.")
	}
}
