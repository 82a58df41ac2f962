package validate_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/validate"
)

// repeated returns a list with n times s.
func repeated(n int, s string) string { return "[" + strings.TrimSuffix(times(n, s+","), ",") + "]" }

// A tap counts the bytes that are read through it.
type tap struct {
	io.Reader
	read int
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	t.read += n
	return n, err
}

func TestMalformedBeginIsRefusedBeforeTheRestIsRead(t *testing.T) {
	const limit = 64 << 10
	for name, body := range map[string]string{
		"byte 0":                   times(1<<20, "x"),
		"a byte of the second KiB": `{"extra":"` + times(2000, "x") + "\x01" + times(1<<20, "x"),
		"a name twice":             `{"extra":{"a":1,"a":2}` + times(1<<20, " "),
		"half of 64 KiB":           `{"extra":"` + times(32<<10, "x") + "\xff" + times(1<<20, "x"),
		"nearly 64 KiB":            `{"extra":"` + times(limit-100, "x") + "\xff" + times(1<<20, "x"),
		"too deep":                 times(1<<20, "["),
		"a second value":           "{}{}" + times(1<<20, " "),
		"too large as well":        times(3<<20, "x"),
	} {
		for _, chunked := range []bool{false, true} {
			from := &tap{Reader: strings.NewReader(body)}
			r := post("")
			r.Body, r.ContentLength = io.NopCloser(from), int64(len(body))
			if chunked || len(body) > 1<<20 {
				r.ContentLength = -1
			}
			if r.ContentLength > 0 {
				r.ContentLength = 1 << 20
			}
			_, err := validate.Decode[user](nil, httptest.NewRecorder(), r)
			if got := outcome(err); !strings.HasPrefix(got, "IR") {
				t.Errorf("wrong at %s, chunked %v: Decode = %s, want it refused as malformed", name, chunked, got)
			}
			if from.read > limit {
				t.Errorf("wrong at %s, chunked %v: %d bytes were read, want at most %d", name, chunked, from.read, limit)
			}
		}
	}
}

func TestMalformedBeginCostsLittle(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector sync.Pool drops values at random")
	}
	body := times(1<<20, "x")
	decode := run[user](t, validate.Config{})
	if err := decode("{"); err == nil { // makes the plan of the type
		t.Fatal("Decode({) = nil error")
	}
	for _, length := range []int64{1 << 20, -1} {
		r, w := post(body), httptest.NewRecorder()
		r.ContentLength = length
		used := allocated(func() {
			if _, err := validate.Decode[user](nil, w, r); outcome(err) != "IR" {
				t.Errorf("Decode = %s, want it refused", outcome(err))
			}
		})
		if used > 64<<10 {
			t.Errorf("a body that is wrong at byte 0, of length %d, allocates %d KiB, want at most 64", length, used>>10)
		}
	}
}

// If a chunked body is refused early, the connection must be closed. Otherwise net/http would read
// the rest before it answers.
func TestEarlyRefusalDoesNotWaitForTheRest(t *testing.T) {
	for name, head := range map[string]string{
		"chunked": "Transfer-Encoding: chunked\r\n\r\nffff\r\n",
		"length":  "Content-Length: 1048576\r\n\r\n",
	} {
		send := "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + head + times(40<<10, "x")
		status, last := exchange(t, server(t, validate.Config{}), send)
		if fmt.Sprint(status) != "[400]" || !last.Close {
			t.Errorf("%s: half a malformed body is answered %v, close %v, want 400 and the end of the connection", name, status, last.Close)
		}
	}
}

// Decoding a body may need memory for its value, and four times the size of the body.
func TestBodiesCostTheirValueOnce(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector sync.Pool drops values at random")
	}
	type fat struct {
		ID    string `json:"id"`
		Rest  [40]string
		Bytes [100]int64
	}
	type ruled struct {
		ID   string `json:"id" validate:"omitempty,max=9"`
		Rest [200]int64
	}
	type rules struct {
		A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T string `validate:"max=3"`
	}
	type nest struct {
		Lists [][]fat `json:"lists"`
	}
	type named struct {
		Map map[string]ruled `json:"map" validate:"dive,omitempty"`
	}
	size := func(n int, x any) uint64 { return uint64(n) * uint64(reflect.TypeOf(x).Size()) }
	var entries strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&entries, `,"k%d":{}`, i)
	}
	for name, tt := range map[string]struct {
		decode func(string) error
		body   string
		value  uint64
	}{
		"lists of lists":       {run[nest](t, validate.Config{}), `{"lists":[` + repeated(10_000, "{}") + "," + repeated(10_000, "{}") + "]}", size(20_000, fat{})},
		"the list is the body": {run[[]fat](t, validate.Config{}), repeated(10_000, "{}"), size(10_000, fat{})},
		"elements with rules":  {run[[]ruled](t, validate.Config{}), repeated(10_000, `{"id":"x"}`), size(10_000, ruled{}) + size(20_000, "")},
		"elements after dive":  {run[named](t, validate.Config{}), `{"map":{` + entries.String()[1:] + "}}", size(5000, ruled{}) + size(5000, "") + 5000*64},
		"rules of zeros":       {run[[]rules](t, validate.Config{}), repeated(10_000, "{}"), size(10_000, rules{})},
		"pointers":             {run[[]*fat](t, validate.Config{}), repeated(10_000, "{}"), size(10_000, fat{}) + size(10_000, new(int))},
		"short lists, unknown": {run[user](t, validate.Config{}), request(`"extra":` + repeated(9000, "[[]]")), 9000 * 2 * 40},
		"an unknown member":    {run[item](t, validate.Config{}), `{"name":"a","qty":1,"x":` + repeated(9000, "[[{}]]") + "}", 0},
		"strings":              {run[[]string](t, validate.Config{}), repeated(9000, `"some text"`), size(9000, "") + 9000*16},
		"one long string":      {run[[]string](t, validate.Config{}), `["` + times(900<<10, "x") + `"]`, 900 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tt.decode("?"); err == nil { // makes the plan of the type
				t.Fatal("Decode(?) = nil error")
			}
			var err error
			used := allocated(func() { err = tt.decode(tt.body) })
			if err != nil {
				t.Fatalf("Decode = %s, want ok", outcome(err))
			}
			// An allocation is up to an eighth larger than the value in it.
			most := tt.value + tt.value/8 + 4*uint64(len(tt.body)) + 64<<10
			if used > most {
				t.Errorf("%s: a body of %d KiB allocates %d KiB, want at most %d", name, len(tt.body)>>10, used>>10, most>>10)
			}
		})
	}
}

// Fatter is embedded by a pointer.
type Fatter struct{ A [1000]int64 }

func TestValuesAreBounded(t *testing.T) {
	const refused = "IR Request body has too many elements"
	type fat struct {
		A [1000]int64
	}
	small := validate.Config{MaxValue: 1000}
	for _, tt := range []struct {
		name   string
		decode func(string) error
		body   string
		want   string
	}{
		{"80 MB by default", run[[]fat](t, validate.Config{}), repeated(10_000, "{}"), refused},
		{"8 MB by default", run[[]fat](t, validate.Config{}), repeated(1000, "{}"), "ok"},
		{"a list", run[[]int64](t, small), repeated(126, "1"), refused},
		{"a shorter list", run[[]int64](t, small), repeated(125, "1"), "ok"},
		{"a pointer", run[struct{ A *fat }](t, small), `{"A":{}}`, refused},
		{"a map", run[map[string]fat](t, small), `{"a":{}}`, refused},
		{"a string", run[[]string](t, small), `["` + times(985, "x") + `"]`, refused},
		{"a shorter string", run[[]string](t, small), `["` + times(984, "x") + `"]`, "ok"},
		{"anything", run[struct{ A any }](t, small), `{"A":` + repeated(40, "[]") + `}`, refused},
		{"less of it", run[struct{ A any }](t, small), `{"A":` + repeated(20, "[]") + `}`, "ok"},
		{"embedded pointers", run[[]struct{ *Fatter }](t, validate.Config{}), repeated(10_000, "{}"), refused},
		{"bytes", run[struct{ A []byte }](t, small), `{"A":"` + times(1004, "a") + `"}`, refused},
	} {
		if got := outcome(tt.decode(tt.body)); got != tt.want {
			t.Errorf("%s: Decode(%.40s) = %s, want %s", tt.name, tt.body, got, tt.want)
		}
	}
}

// Failures are counted before memory is used for them, at any depth and in any order.
func TestWrongScalarsAreCountedBeforeTheyAreKept(t *testing.T) {
	type deep struct {
		Next *deep            `json:"next"`
		Rows [][]int          `json:"rows"`
		Map  map[string][]int `json:"map"`
	}
	const levels = 56
	rows := "[" + strings.TrimSuffix(times(9, repeated(9990, `""`)+","), ",") + "]"
	var descending strings.Builder
	for i := 9000; i > 0; i-- {
		fmt.Fprintf(&descending, `,"k%05d":""`, i)
	}
	below := func(inner string) string { return times(levels, `{"next":`) + inner + times(levels, "}") }
	for name, tt := range map[string]struct {
		decode func(string) error
		body   string
	}{
		"rows":            {run[[][]int](t, validate.Config{}), rows},
		"rows, deep":      {run[deep](t, validate.Config{}), below(`{"rows":` + rows + "}")},
		"names, the last": {run[deep](t, validate.Config{}), below(`{"map":{` + descending.String()[1:] + "}}")},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tt.decode("?"); err == nil { // makes the plan of the type
				t.Fatal("Decode(?) = nil error")
			}
			var err error
			start := time.Now()
			used := allocated(func() { err = tt.decode(tt.body) })
			t.Logf("%d KB: %d KB allocated, %v", len(tt.body)>>10, used>>10, time.Since(start))
			if len(fields(t, err)) != 100 {
				t.Errorf("%d field errors, want 100", len(fields(t, err)))
			}
			if used > 16<<20 {
				t.Errorf("a body of %d KB allocates %d MB, want less than 16", len(tt.body)>>10, used>>20)
			}
		})
	}
}

func TestLongAddressesAreNone(t *testing.T) {
	type mail struct {
		To string `json:"to" validate:"email"`
	}
	decode := run[mail](t, validate.Config{MaxBody: 2 << 20})
	for name, to := range map[string]string{
		"quoted local part": `\"` + times(1<<20, "a") + `\"@x.com`,
		"dots":              times(500_000, "a.") + "é@x.com",
		"words":             times(500_000, "a ") + "<a@x.com>",
		"a long domain":     "a@" + times(400, "b.") + "com",
		"321 bytes":         times(64, "a") + "@" + times(63, "bbb.") + "com.x",
	} {
		used := allocated(func() {
			if got := outcome(decode(`{"to":"` + to + `"}`)); got != "V(to email)" {
				t.Errorf("%s: Decode = %s, want V(to email)", name, got)
			}
		})
		if used > 8<<20 {
			t.Errorf("%s: an address of %d KB allocates %d KB", name, len(to)>>10, used>>10)
		}
	}
	if got := outcome(decode(`{"to":"` + times(60, "a") + "@" + times(40, "bbb.") + `com"}`)); got != "ok" {
		t.Errorf("a long address = %s, want ok", got)
	}
}

func TestLongContentTypesAreNotParsed(t *testing.T) {
	if _, err := validate.Decode[item](nil, nil, post("?")); err == nil { // makes the plan of the type
		t.Fatal("Decode(?) = nil error")
	}
	for name, line := range map[string]string{
		"parameters": "application/json" + times(110_000, "; a12345=b"),
		"one":        "application/json; a=" + times(1<<20, "b"),
		"spaces":     "application/json" + times(1<<20, " "),
		"1,025":      "application/json; a=" + times(1025-20, "b"),
	} {
		r, w := post(`{"name":"a","qty":1}`), httptest.NewRecorder()
		r.Header["Content-Type"] = []string{line}
		used := allocated(func() {
			if _, err := validate.Decode[item](nil, w, r); outcome(err) != "unsupported_media_type Content-Type must be application/json" {
				t.Errorf("%s: Decode = %s, want it refused", name, outcome(err))
			}
		})
		if used > 16<<10 {
			t.Errorf("%s: a Content-Type of %d KB allocates %d KB", name, len(line)>>10, used>>10)
		}
	}
	r := post(`{"name":"a","qty":1}`)
	r.Header = http.Header{"Content-Type": {"application/json; a=" + times(1024-20, "b")}}
	if _, err := validate.Decode[item](nil, nil, r); err != nil {
		t.Errorf("a Content-Type of 1,024 bytes = %s, want ok", outcome(err))
	}
}
