package validate_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// suite returns the documents of the test suite for JSON: those that are JSON, and those that
// are not.
func suite(t testing.TB) (isJSON, notJSON []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "internal", "strictjson", "testdata", "suite.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		doc, err := strconv.Unquote(strings.TrimSpace(line[2:]))
		switch {
		case err != nil:
			t.Fatalf("%s: %v", line, err)
		case line[0] == 'y':
			isJSON = append(isJSON, doc)
		default:
			notJSON = append(notJSON, doc)
		}
	}
	return isJSON, notJSON
}

func TestJSONTestSuite(t *testing.T) {
	isJSON, notJSON := suite(t)
	decode := decoder[json.RawMessage](t, validate.Config{})
	for _, doc := range notJSON {
		if _, err := decode(doc); !errors.Is(err, problem.InvalidRequest) {
			t.Errorf("Decode(%q) = %s, want it refused", doc, outcome(err))
		}
	}
	for _, doc := range isJSON {
		if raw, err := decode(doc); err != nil || string(raw) != strings.TrimSpace(doc) {
			t.Errorf("Decode(%q) = %q, %s, want it accepted", doc, raw, outcome(err))
		}
	}
	for _, doc := range []string{times(500, "[") + times(500, "]"), times(100_000, "["), times(50_000, `[{"":`)} {
		if _, err := decode(doc); outcome(err) != "IR Request body is nested too deeply" {
			t.Errorf("Decode(%.10q…) = %s, want it refused for its depth", doc, outcome(err))
		}
	}
}

func TestLimitsAreExact(t *testing.T) {
	const nested, elements = "IR Request body is nested too deeply", "IR Request body has too many elements"
	for _, tt := range []struct {
		cfg  validate.Config
		body string
		want string
	}{
		{validate.Config{}, "[" + times(9_999, "1,") + "1]", "ok"},
		{validate.Config{}, "[" + times(10_000, "1,") + "1]", elements},
		{validate.Config{}, `{"a":1` + unknown(9_999) + "}", "ok"},
		{validate.Config{}, `{"a":1` + unknown(10_000) + "}", elements},
		{validate.Config{MaxElements: 2}, `[[1,2],{"a":1,"b":2}]`, "ok"},
		{validate.Config{MaxElements: 2}, `[[1,2],{"a":1,"b":2,"c":3}]`, elements},
		{validate.Config{MaxTokens: 6}, `[1,{"a":2},[]]`, "ok"},
		{validate.Config{MaxTokens: 5}, `[1,{"a":2},[]]`, elements},
		{validate.Config{MaxDepth: 3}, `[[{}]]`, "ok"},
		{validate.Config{MaxDepth: 2}, `[[{}]]`, nested},
		{validate.Config{MaxDepth: 2}, `[[],[],{}]`, "ok"},
	} {
		_, err := decoder[json.RawMessage](t, tt.cfg)(tt.body)
		if got := outcome(err); got != tt.want {
			t.Errorf("Decode(%.40s) with depth %d, elements %d, tokens %d = %s, want %s",
				tt.body, tt.cfg.MaxDepth, tt.cfg.MaxElements, tt.cfg.MaxTokens, got, tt.want)
		}
	}
}

// In a small object all names are compared, in a large one they are hashed. Both ways find a name
// that is there twice, in any place.
func TestDuplicatesAreFoundInObjectsOfAnySize(t *testing.T) {
	decode := decoder[json.RawMessage](t, validate.Config{})
	for _, n := range []int{2, 15, 16, 17, 31, 32, 33, 64, 1000, 9000} {
		for _, at := range []int{0, n / 2, n - 1} {
			object := strings.Replace(unknown(n), ",", "{", 1)
			twice := fmt.Sprintf(`[{"x":%s,"u%d":2}}]`, object, at)
			want := fmt.Sprintf("IR Duplicate member [0].x.u%d in request body", at)
			if _, err := decode(twice); outcome(err) != want {
				t.Errorf("an object of %d members with name %d twice = %s, want %s", n, at, outcome(err), want)
			}
		}
		if _, err := decode(strings.Replace(unknown(n), ",", "{", 1) + "}"); err != nil {
			t.Errorf("an object of %d distinct members = %s, want ok", n, outcome(err))
		}
	}
}

// The memory for a body is bounded, whatever is in it.
func TestHostileBodiesAreCheap(t *testing.T) {
	type tree struct {
		Name string          `json:"name" validate:"required"`
		Kids []tree          `json:"kids" validate:"dive"`
		Map  map[string]tree `json:"map" validate:"dive,keys,max=9,endkeys"`
	}
	type addresses struct {
		Lists [][]string `json:"lists" validate:"dive,dive,email"`
	}
	long := times(500<<10, "k")
	lists := times(9, `{"kids":[`+strings.TrimSuffix(times(9000, "{},"), ",")+"]},")
	for name, try := range map[string]struct {
		decode func(string) error
		body   string
		most   uint64 // MiB; 0 means 32
	}{
		"unknown names":             {run[user](t, validate.Config{}), request(`"extra":1` + unknown(1000)), 0},
		"too many names":            {run[user](t, validate.Config{}), request(`"extra":{"a":1` + unknown(90_000) + "}"), 10},
		"far too many items":        {run[user](t, validate.Config{}), request(items(349_000, "{}")), 10},
		"too much depth":            {run[user](t, validate.Config{}), times(100_000, "["), 1},
		"too much recursion":        {run[tree](t, validate.Config{}), times(5000, `{"kids":[`) + times(5000, "]}"), 5},
		"too many digits":           {run[user](t, validate.Config{}), request(`"age":` + times(1_000_000, "1")), 0},
		"too many items":            {run[user](t, validate.Config{}), request(items(10_000, "{}")), 0},
		"a long key":                {run[user](t, validate.Config{}), request(`"meta":{"` + long + `":"` + times(300, "v") + `"}`), 0},
		"a long key above failures": {run[map[string][]item](t, validate.Config{}), `{"` + long + `":[` + strings.TrimSuffix(times(9000, "{},"), ",") + "]}", 0},
		"failures everywhere":       {run[tree](t, validate.Config{}), `{"kids":[` + strings.TrimSuffix(lists, ",") + "]}", 0},
		"wrong types everywhere":    {run[[][]int](t, validate.Config{}), "[" + strings.TrimSuffix(times(9, "["+strings.TrimSuffix(times(9990, `"",`), ",")+"],"), ",") + "]", 0},
		"broken rules everywhere":   {run[addresses](t, validate.Config{}), `{"lists":[` + strings.TrimSuffix(times(9, "["+strings.TrimSuffix(times(9990, `"",`), ",")+"],"), ",") + "]}", 0},
		"names twice, many objects": {run[[]map[string]int](t, validate.Config{}), "[" + strings.TrimSuffix(times(9000, `{"a":1,"b":2,"c":3,"d":4,"e":5},`), ",") + "]", 0},
		"escaped names":             {run[user](t, validate.Config{}), request(`"extra":{"a":1` + strings.ReplaceAll(unknown(9_000), "u", `\u0075`) + "}"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if err := try.decode(try.body); err == nil && strings.Contains(name, "too m") {
				t.Error("the body was accepted")
			}
			var err error
			start := time.Now()
			used := allocated(func() { err = try.decode(try.body) })
			took := time.Since(start)
			t.Logf("%d KB: %s, %v, %d KB allocated", len(try.body)>>10, strings.ToValidUTF8(fmt.Sprintf("%.60s", outcome(err)), ""), took, used>>10)
			most := cmp.Or(try.most, 32)
			if used > most<<20 {
				t.Errorf("a body of %d KB allocates %d MB, want less than %d", len(try.body)>>10, used>>20, most)
			}
		})
	}
}

// A body of a quarter of a megabyte can break two million rules. Beside the memory of the structs,
// Decode needs memory only for the failures that it reports and counts.
func TestFailuresBehindTheCutAreNotMade(t *testing.T) {
	type wide struct {
		A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T string `validate:"required"`
	}
	body := "[" + strings.TrimSuffix(times(9, "["+strings.TrimSuffix(times(10_000, "{},"), ",")+"],"), ",") + "]"
	decode := run[[][]wide](t, validate.Config{})
	var err error
	decoded := allocated(func() {
		var in [][]wide
		if err := json.Unmarshal([]byte(body), &in); err != nil {
			t.Fatal(err)
		}
	})
	judged := allocated(func() { err = decode(body) })
	if judged > decoded+8<<20 {
		t.Errorf("Decode of 90,000 bad structs allocates %d MB, want no more than 8 beside the %d of the structs", judged>>20, decoded>>20)
	}
	var e *problem.Error
	if !errors.As(err, &e) || len(e.Fields()) != 100 {
		t.Fatalf("Decode of 90,000 bad structs = %.80s, want 100 field errors", outcome(err))
	}
	if last := e.Fields()[99]; fmt.Sprint(last.Path) != "[0 4 T]" {
		t.Errorf("the last field error is about %v, want 0 4 T", last.Path)
	}
	if cause := fmt.Sprint(errors.Unwrap(e)); !strings.Contains(cause, "at least 1") {
		t.Errorf("cause = %q, want it to say that not all were counted", cause)
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
