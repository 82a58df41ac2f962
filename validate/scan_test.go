package validate_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// Documents that no reader may accept, after the classes of the JSON test
// suite that Nicolas Seriot collected: https://github.com/nst/JSONTestSuite
var notJSON = []string{
	// arrays
	`[1 true]`, `["": 1]`, `[""],`, `[,1]`, `[1,,2]`, `["x",,]`, `["x"]]`, `["",]`, `["x"`, `[x`, `[3[4]]`, `[1:2]`, `[,]`, `[-]`, `[   , ""]`,
	"[\"a\",\n4\n,1,", `[1,]`, `[1,,]`, "[\"\va\"\\f]", `[*]`, `[""`, `[1,`, "[1,\n1\n,1", `[{}`, "[\xff]", `[a`, `["a"`, `[`, `]`, `[[`, `["a",`,
	// literals
	`[fals]`, `[nul]`, `[tru]`, `[True]`, `[TRUE]`, `[nulL]`, `nullx`, `[false`, `TruE`, `<null>`, `[undefined]`,
	// numbers
	`[++1234]`, `[+1]`, `[+Inf]`, `[-01]`, `[-1.0.]`, `[-2.]`, `[-NaN]`, `[.-1]`, `[.2e-3]`, `[0.1.2]`, `[0.3e+]`, `[0.3e]`, `[0.e1]`, `[0E+]`, `[0E]`,
	`[0e+]`, `[0e]`, `[1.0e+]`, `[1.0e-]`, `[1.0e]`, `[1 000.0]`, `[1eE2]`, `[2.e+3]`, `[2.e-3]`, `[2.e3]`, `[9.e+]`, `[Inf]`, `[NaN]`, "[\uff11]",
	`[1+2]`, `[0x1]`, `[0x42]`, `[Infinity]`, `[0e+-1]`, `[-123.123foo]`, `[123` + "\xe5" + `]`, `[1e1` + "\xe5" + `]`, `[-Infinity]`, `[-foo]`, `[- 1]`,
	`[-012]`, `[-.123]`, `[-1x]`, `[1ea]`, `[1.]`, `[.123]`, `[1.2a-3]`, `[1.8011670033376514H-308]`, `[012]`, `-`, `0x`, `1_000`, `00`, `1e`,
	// objects
	`["x", truth]`, `{[: "x"}`, `{"x", null}`, `{"x"::"b"}`, "{\U0001f1e8\U0001f1ed}", `{"a":"a" 123}`, `{key: 'value'}`, "{\"\xb9\":\"0\",}", `{"a" b}`,
	`{:"b"}`, `{"a" "b"}`, `{"a":`, `{"a"`, `{1:1}`, `{9999E9999:1}`, `{null:null,null:null}`, `{"id":0,,,,,}`, `{'a':0}`, `{"id":0,}`, `{"a":"b"}/**/`,
	`{"a":"b"}/**//`, `{"a":"b"}//`, `{"a":"b"}/`, `{"a":"b",,"c":"d"}`, `{a: "b"}`, `{"a":"a`, `{ "foo" : "bar", "a" }`, `{"a":"b"}#`, `{`, `{"`, `{"a`, `}`,
	`{"a":1}{"b":2}`, `{""}`, `{"a":true,}`,
	// strings
	`["\uD800\"]`, `["\uD800\u"]`, `["\uD800\u1"]`, `["\uD800\u1x"]`, `[é]`, "[\"\\\x00\"]", `["\x00"]`, `["\\\"]`, "[\"\\\t\"]", "[\"\\\U0001f300\"]",
	`["\"]`, `["\u00A"]`, `["\uD834\uDd"]`, `["\uD800\uD800\x"]`, `["\a"]`, `["\uqqqq"]`, "[\"\\\xe5\"]", "[\"\\u\xe5\"]", `[\u0020"asd"]`, `[\n]`, `"`,
	`['single quote']`, `abc`, `["\`, "[\"a\x00a\"]", "[\"new\nline\"]", "[\"\t\"]", `"\UA66D"`, `""x`, `["asd]`, `"\u"`, `"\u12`, "\"\x1f\"",
	// structure
	"[\u2060]", "\xef\xbb\xbf", `<.>`, `[<null>]`, `[1]x`, `[1]]`, `["asd]`, "a\u00e5", `[True]`, `1]`, `{"x": true,`, `[][]`, "2@", `{}}`, `{"":`, `{"a":/*c*/"b"}`,
	`{"a": true} "x"`, "['", `[,`, `[{`, `["a`, `{,`, `{]`, `{}[`, "\xe5", `*`, `{"a":"b"}#{}`, `[\u000A""]`, `[1`, `[ false, nul`, `[ true, fals`, `[ false, tru`,
	"\u00e5", "[\u2060]", "\xef\xbb\xbf{}", "[\f]", "\f", "\u00a0", "[\u00a0]", "/**/1", "1//", "\x00", "1\x00", "\x1e{}",
	// encodings, of which only UTF-8 is JSON
	"[\x00\"\x00\xe9\x00\"\x00]\x00", "\x00[\x00\"\x00\xe9\x00\"\x00]", "\xff\xfe[\x00\"\x00\xe9\x00\"\x00]\x00", "[\"\xff\"]", "[\"\xe0\xff\"]", "[\"\xc0\xaf\"]",
	"[\"\xed\xa0\x80\"]", "[\"\xf4\xbf\xbf\xbf\"]", "[\"\xfc\x83\xbf\xbf\xbf\xbf\"]", "[\"\xfc\x80\x80\x80\x80\x80\"]", "[\"\x81\"]", "[\"\xe6\x97\xa5\xd1\x88\xfa\"]",
	"[\"\xf0\x90\x80\"]", "[\"\xc3\"]", "{\"\xff\":1}",
	// half surrogates, which encoding/json replaces
	`["\uDADA"]`, `["\uD888\u1234"]`, `["\uD800\n"]`, `["\uDd1ea"]`, `["\uD800\uD800\n"]`, `["\ud800"]`, `["\ud800abc"]`, `["\uDd1e\uD834"]`, `["\uDFAA"]`, `{"\uDFAA":0}`,
	// a name twice, which encoding/json takes the last of
	`{"a":"b","a":"c"}`, `{"a":"b","a":"b"}`, `{"a":1,"\u0061":1}`, `{"":0,"":0}`, `[{"x":{"a":1,"b":2,"a":1}}]`,
}

// Documents that every reader must accept.
var isJSON = []string{
	`[[]   ]`, `[""]`, `[]`, `["a"]`, `[false]`, `[null, 1, "1", {}]`, `[null]`, "[1\n]", ` [1]`, `[1,null,null,null,2]`, `[2] `, `{}`, `0`, `-0`, `""`, `"x"`, `null`,
	`[123e65]`, `[0e+1]`, `[0e1]`, `[ 4]`, `[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]`, `[20e1]`, `[-0]`, `[-123]`, `[-1]`,
	`[1E22]`, `[1E-2]`, `[1E+2]`, `[123e45]`, `[123.456e78]`, `[1e-2]`, `[1e+2]`, `[123]`, `[123.456789]`, `[0.4e00669999999999999999999999999999969999999999999999999]`,
	`{"asd":"sdf", "dfg":"fgh"}`, `{"asd":"sdf"}`, `{"":0}`, `{"foo\u0000bar": 42}`, `{ "min": -1.0e+28, "max": 1.0e+28 }`, `{"x":[{"id": "a"}], "id": "a"}`, `{"a":[]}`,
	`{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430" }`, "{\n\"a\": \"b\"\n}", `{"a":{"a":{"a":1}}}`, `{"A":1,"a":2}`,
	`["\u0060\u012a\u12AB"]`, `["\uD801\udc37"]`, `["\ud83d\ude39\ud83d\udc8d"]`, `["\"\\\/\b\f\n\r\t"]`, `["\\u0000"]`, `["\""]`, `["a/*b*/c/*d//e"]`, `["\\a"]`, `["\\n"]`,
	`["\u0012"]`, `["\uFFFF"]`, `["asd"]`, `[ "asd"]`, `["\uDBFF\uDFFF"]`, `["new\u00A0line"]`, "[\"\U0010ffff\"]", "[\"\uffff\"]", `["\u0000"]`, `["\u002c"]`, "[\"\u03c0\"]",
	"[\"\U0001bfff\"]", `["asd "]`, `" "`, `["\uD834\uDd1e"]`, `["\u0821"]`, `["\u0123"]`, "[\"\u2028\"]", "[\"\u2029\"]", `["\u0061\u30af\u30EA\u30b9"]`, "[\"new\u007fline\"]",
	"[\"\u2342\u3348\u2323\"]", `["\u200B"]`, `["\u2064"]`, `["\uFDD0"]`, `["\uFFFE"]`, `["\u0022"]`, "[\"\u20ac\U0001d11e\"]", "[\"a\x7fa\"]", "\n\t \r1\n\t \r", "false", "42", "-0.1", `"asd"`, "true",
	// numbers that readers may round
	`[123.456e-789]`, `[0.4e006]`, `[-1e+9999]`, `[1.5e+9999]`, `[-123123e100000]`, `[123123e100000]`, `[123123e-10000000]`, `[-123123123123123123123123123123]`,
	`[100000000000000000000]`, `[-237462374673276894279832749832423479823246327846]`,
}

func TestRow72JSONTestSuite(t *testing.T) {
	decode := decoder[json.RawMessage](t, validate.Config{})
	for _, doc := range notJSON {
		if _, err := decode(doc); !errors.Is(err, problem.InvalidRequest) {
			t.Errorf("row 72: Decode(%q) = %s, want it refused", doc, outcome(err))
		}
	}
	for _, doc := range isJSON {
		if raw, err := decode(doc); err != nil || string(raw) != strings.TrimSpace(doc) {
			t.Errorf("row 72: Decode(%q) = %q, %s, want it accepted", doc, raw, outcome(err))
		}
	}
	for _, doc := range []string{times(500, "[") + times(500, "]"), times(100_000, "["), times(50_000, `[{"":`)} {
		if _, err := decode(doc); outcome(err) != "IR Request body is nested too deeply" {
			t.Errorf("row 72: Decode(%.10q…) = %s, want it refused for its depth", doc, outcome(err))
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

// Few names are compared, many are hashed; both find the second of two,
// wherever it stands.
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

// Nobody may choose a body that costs more than its size warrants.
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
		"row 20, unknown names":     {run[user](t, validate.Config{}), request(`"extra":1` + unknown(1000)), 0},
		"row 21, names":             {run[user](t, validate.Config{}), request(`"extra":{"a":1` + unknown(90_000) + "}"), 10},
		"row 21, items":             {run[user](t, validate.Config{}), request(items(349_000, "{}")), 10},
		"row 22, depth":             {run[user](t, validate.Config{}), times(100_000, "["), 1},
		"row 23, recursion":         {run[tree](t, validate.Config{}), times(5000, `{"kids":[`) + times(5000, "]}"), 5},
		"row 24, digits":            {run[user](t, validate.Config{}), request(`"age":` + times(1_000_000, "1")), 0},
		"row 25, too many items":    {run[user](t, validate.Config{}), request(items(10_000, "{}")), 0},
		"row 47, a long key":        {run[user](t, validate.Config{}), request(`"meta":{"` + long + `":"` + times(300, "v") + `"}`), 0},
		"a long key above failures": {run[map[string][]item](t, validate.Config{}), `{"` + long + `":[` + strings.TrimSuffix(times(9000, "{},"), ",") + "]}", 0},
		"failures everywhere":       {run[tree](t, validate.Config{}), `{"kids":[` + strings.TrimSuffix(lists, ",") + "]}", 0},
		"wrong types everywhere":    {run[[][]int](t, validate.Config{}), "[" + strings.TrimSuffix(times(9, "["+strings.TrimSuffix(times(9990, `"",`), ",")+"],"), ",") + "]", 0},
		"broken rules everywhere":   {run[addresses](t, validate.Config{}), `{"lists":[` + strings.TrimSuffix(times(9, "["+strings.TrimSuffix(times(9990, `"",`), ",")+"],"), ",") + "]}", 0},
		"names twice, many objects": {run[[]map[string]int](t, validate.Config{}), "[" + strings.TrimSuffix(times(9000, `{"a":1,"b":2,"c":3,"d":4,"e":5},`), ",") + "]", 0},
		"escaped names":             {run[user](t, validate.Config{}), request(`"extra":{"a":1` + strings.ReplaceAll(unknown(9_000), "u", `\u0075`) + "}"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if err := try.decode(try.body); err == nil && strings.HasPrefix(name, "row 2") && !strings.HasPrefix(name, "row 20") {
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

// A body of a quarter of a megabyte can break two million rules. Whatever the
// structs themselves need, nobody writes down more failures than are reported
// and counted.
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

func FuzzScan(f *testing.F) {
	for _, doc := range notJSON {
		f.Add([]byte(doc))
	}
	for _, doc := range isJSON {
		f.Add([]byte(doc))
	}
	decode := decoder[json.RawMessage](f, validate.Config{})
	// The scan never panics, and accepts nothing that encoding/json refuses.
	f.Fuzz(func(t *testing.T, doc []byte) {
		raw, err := decode(string(doc))
		if err == nil && (!json.Valid(doc) || !bytes.Equal(raw, bytes.Trim(doc, " \t\r\n"))) {
			t.Errorf("Decode(%q) = %q, want it refused or unchanged", doc, raw)
		}
		if err != nil && !errors.Is(err, problem.InvalidRequest) {
			t.Errorf("Decode(%q) = %v, want an invalid request", doc, err)
		}
	})
}
