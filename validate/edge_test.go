package validate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// The structs that the table of edge cases is about.
type (
	item struct {
		Name string `json:"name" validate:"required,max=64"`
		Qty  int    `json:"qty" validate:"min=1,max=1000"`
	}
	user struct {
		Email    string            `json:"email" validate:"required,max=254,email"`
		Password string            `json:"password" validate:"required,min=8,max=128"`
		Name     string            `json:"name" validate:"notblank,max=100"`
		Age      *int              `json:"age" validate:"omitnil,gte=0,lte=150"`
		Role     string            `json:"role" validate:"omitempty,oneof=admin member"`
		Items    []item            `json:"items" validate:"max=100,dive"`
		Meta     map[string]string `json:"meta" validate:"max=20,dive,keys,max=32,endkeys,max=256"`
		Confirm  string            `json:"confirm" validate:"omitempty,eqfield=Password"`
		TTL      time.Duration     `json:"ttl" validate:"omitempty,min=1s,max=1h"`
		Start    *time.Time        `json:"start"`
		Extra    any               `json:"extra"`
	}
)

const good = `"email":"a@b.co","password":"longenough","name":"Al"`

// request makes a body of a row: <OK> stands for the good members, and what
// has no brace is a member put beside them, replacing its namesake.
func request(input string) string {
	if strings.TrimSpace(input) == "" || strings.Contains(input, "<OK>") || strings.ContainsAny(input[:1], "{[") {
		return strings.ReplaceAll(input, "<OK>", good)
	}
	name, _, _ := strings.Cut(input, ":")
	var kept []string
	for member := range strings.SplitSeq(good, ",") {
		if !strings.HasPrefix(member, name+":") {
			kept = append(kept, member)
		}
	}
	return "{" + strings.Join(append(kept, input), ",") + "}"
}

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// outcome is an error as the table writes it.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	var e *problem.Error
	if !errors.As(err, &e) {
		return "foreign " + err.Error()
	}
	var list []string
	for _, f := range e.Fields() {
		rule := string(f.AppendPath(nil, problem.Brackets)) + " " + f.Rule
		if f.Key {
			rule = "key " + rule
		}
		list = append(list, rule)
	}
	switch e.Kind() {
	case problem.Validation:
		return "V(" + strings.Join(list, ", ") + ")"
	case problem.InvalidRequest:
		return strings.TrimSpace("IR " + e.Message())
	}
	return strings.TrimSpace(e.Kind().String() + " " + e.Message())
}

// decoder returns Decode with a Validator of its own.
func decoder[T any](t testing.TB, cfg validate.Config) func(body string) (T, error) {
	t.Helper()
	v, err := validate.New(cfg)
	if err != nil {
		t.Fatalf("New(%+v) = %v, want no error", cfg, err)
	}
	return func(body string) (T, error) {
		return validate.Decode[T](v, httptest.NewRecorder(), post(body))
	}
}

func times(n int, s string) string { return strings.Repeat(s, n) }

// items makes a good body with n items.
func items(n int, item string) string {
	return "{<OK>,\"items\":[" + strings.TrimSuffix(times(n, item+","), ",") + "]}"
}

func TestEdgeCases(t *testing.T) {
	const dup = "IR Duplicate member email in request body"
	const elements = "IR Request body has too many elements"
	const nested = "IR Request body is nested too deeply"
	decode := decoder[user](t, validate.Config{})
	for _, tt := range []struct {
		row   int
		input string
		want  string
	}{
		{1, `{<OK>}`, "ok"},
		{1, "{<OK>}\n", "ok"},
		{1, "{<OK>} \r\n\t", "ok"},
		{2, "", "IR Request body is required"},
		{2, " \r\n\t ", "IR Request body is required"},
		{3, `null<OK>`, "IR"},
		{3, `[]`, "IR"},
		{4, `{`, "IR"},
		{4, `{"email"`, "IR"},
		{4, `{"email":"a`, "IR"},
		{4, `{"email":}`, "IR"},
		{4, `{"email":"a",}`, "IR"},
		{5, `{'email':'a'}`, "IR"},
		{5, `{email:1}`, "IR"},
		{5, "{<OK>}// c", "IR"},
		{5, "{/**/}", "IR"},
		{6, "{<OK>}{<OK>}", "IR"},
		{6, "{<OK>}x", "IR"},
		{6, "{<OK>}]", "IR"},
		{6, "{<OK>}\x00", "IR"},
		{7, "\xef\xbb\xbf{<OK>}", "IR"},
		{7, "{\x00\"\x00a\x00", "IR"},
		{8, "name:\xff", "IR"},
		{8, "{\"name\":\"\xff\"}", "IR"},
		{8, "{\"name\":\"\xc0\xaf\"}", "IR"},
		{8, "{\"name\":\"\xed\xa0\x80\"}", "IR"},
		{8, "{\"\xff\":1}", "IR"},
		{9, `"name":"\ud800"`, "IR"},
		{9, `"name":"\ude00\ud83d"`, "IR"},
		{9, `"name":"\ud800x"`, "IR"},
		{9, `"name":"\ud800\u0041"`, "IR"},
		{10, `"name":"\ud83d\ude00"`, "ok"},
		{10, `"name":"\u0000"`, "ok"},
		{11, "\"name\":\"\x01\"", "IR"},
		{12, `"age":NaN`, "IR"},
		{12, `"age":Infinity`, "IR"},
		{12, `"age":+1`, "IR"},
		{12, `"age":01`, "IR"},
		{12, `"age":.5`, "IR"},
		{12, `"age":1.`, "IR"},
		{12, `"age":0x10`, "IR"},
		{12, `"age":1e`, "IR"},
		{12, `"age":-`, "IR"},
		{12, `"age":True`, "IR"},
		{12, `"age":undefined`, "IR"},
		{13, `{<OK>,"email":"a@b.co"}`, dup},
		{14, `{<OK>,"items":[{"name":"a","name":"a"}]}`, "IR Duplicate member items[0].name in request body"},
		{14, `{<OK>,"extra":{"a":[1,{"b":1,"b":2}]}}`, "IR Duplicate member extra.a[1].b in request body"},
		{14, `{<OK>,"x":1,"x":2}`, "IR Duplicate member x in request body"},
		{14, `{<OK>,"meta":{"a b":"1","a b":"2"}}`, `IR Duplicate member meta["a b"] in request body`},
		{15, `{<OK>,"em\u0061il":"a@b.co"}`, dup},
		{16, `{"EMAIL":"a@b.co","password":"longenough","name":"Al"}`, "V(email required, EMAIL unknown)"},
		{17, `"Email":"a@b.co"`, "V(Email unknown)"},
		{18, `"\u017ftart":1`, `V(["ſtart"] unknown)`},
		{19, `"meta":{"a":"1","A":"2"}`, "ok"},
		{20, `"extra":1` + unknown(1000), "ok"},
		{21, `"extra":{"a":1` + unknown(90_000) + `}`, elements},
		{21, items(349_000, "{}"), elements},
		{22, `"extra":` + times(63, "[") + times(63, "]"), "ok"},
		{22, `"extra":` + times(64, "[") + times(64, "]"), nested},
		{22, times(100_000, "["), nested},
		{24, `"age":` + times(1_000_000, "1"), "IR Request body contains a number that is too long"},
		{24, `"age":` + times(1000, "1"), "V(age range)"},
		{24, `"age":` + times(1001, "1"), "IR Request body contains a number that is too long"},
		{25, items(101, `{"name":""}`), "V(items max)"},
		{27, `"email":1`, "V(email type)"},
		{28, `{"email":1,"password":"x","name":"Al","age":"y"}`, "V(email type, password min, age type)"},
		{29, `"items":[{"name":"a","qty":1},{"name":2,"qty":1}]`, "V(items[1].name type)"},
		{30, `"items":[{"name":"a","qty":1},{"name":"","qty":0}]`, "V(items[1].name required, items[1].qty min)"},
		{31, `"items":{}`, "V(items type)"},
		{31, `"items":"x"`, "V(items type)"},
		{32, `"items":[1]`, "V(items[0] type)"},
		{33, `"items":[null]`, "V(items[0] null)"},
		{34, `"extra":[null]`, "ok"},
		{35, `"items":null`, "ok"},
		{35, `"age":null`, "ok"},
		{35, `"age":0`, "ok"},
		{36, `"age":1.5`, "V(age type)"},
		{36, `"age":1.0`, "V(age type)"},
		{36, `"age":1e2`, "V(age type)"},
		{37, `"age":99999999999999999999`, "V(age range)"},
		{39, `"age":-1`, "V(age gte)"},
		{39, `"age":151`, "V(age lte)"},
		{40, `{"email":1,"password":"longenough","name":"Al","start":"nope"}`, "V(email type, start format)"},
		{41, `"start":1`, "V(start type)"},
		{42, `"ttl":"1s"`, "V(ttl type)"},
		{43, `"ttl":1`, "V(ttl min)"},
		{44, `"meta":{"k":1}`, "V(meta[k] type)"},
		{45, `"meta":{"` + times(33, "k") + `":"v"}`, "V(key meta[" + times(33, "k") + "] max)"},
		{45, `"meta":{"` + times(33, "k") + `":"` + times(257, "v") + `"}`, "V(key meta[" + times(33, "k") + "] max, meta[" + times(33, "k") + "] max)"},
		{45, `"meta":{"` + times(33, "k") + `":1}`, "V(key meta[" + times(33, "k") + "] max, meta[" + times(33, "k") + "] type)"},
		{46, `"meta":{"a.b]c":"` + times(257, "v") + `"}`, `V(meta["a.b]c"] max)`},
		{48, `{}`, "V(email required, password required, name notblank)"},
		{49, `{"email":"","password":"short","name":""}`, "V(email required, password min, name notblank)"},
		{50, `"email":""`, "V(email required)"},
		{51, `"password":""`, "V(password required)"},
		{52, `"email":null`, "V(email required)"},
		{53, `"email":"invalid-email"`, "V(email email)"},
		{54, `"name":" \t\u00a0"`, "V(name notblank)"},
		{55, `"password":"` + times(8, "é") + `"`, "ok"},
		{55, `"password":"` + times(129, "é") + `"`, "V(password max)"},
		{56, `"email":"` + times(300, "a") + `"`, "V(email max)"},
		{57, `"role":"root"`, "V(role oneof)"},
		{58, `"role":7`, "V(role type)"},
		{59, `"confirm":"other"`, "V(confirm eqfield)"},
		{60, `{"email":"a@b.co","password":1,"name":"Al","confirm":"other"}`, "V(password type)"},
		{61, `"admin":true`, "ok"},
	} {
		body := request(tt.input)
		if tt.input == "null<OK>" {
			body = "null"
		}
		if _, err := decode(body); outcome(err) != tt.want {
			t.Errorf("row %d: Decode(%.80s) = %.200s, want %s", tt.row, body, outcome(err), tt.want)
		}
	}
	for _, body := range []string{`"x"`, `1`, `true`} {
		if _, err := decode(body); outcome(err) != "IR" {
			t.Errorf("row 3: Decode(%s) = %s, want IR", body, outcome(err))
		}
	}
}

// unknown makes n distinct members, each behind a comma.
func unknown(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"u%d":1`, i)
	}
	return b.String()
}

func TestEdgeCasesOfOptions(t *testing.T) {
	type cfg = validate.Config
	for _, tt := range []struct {
		row   int
		cfg   cfg
		input string
		want  string
	}{
		{2, cfg{AllowEmpty: true}, "", "V(email required, password required, name notblank)"},
		{34, cfg{AllowNullElements: true}, `"items":[null]`, "V(items[0].name required, items[0].qty min)"},
		{61, cfg{ReportUnknown: true}, `"admin":true`, "V(admin unknown)"},
		{62, cfg{ReportUnknown: true}, `"items":[{"name":"a","qty":1,"x":1,"y":2}]`, "V(items[0].x unknown, items[0].y unknown)"},
		{17, cfg{ReportUnknown: true}, `"b":1,"Email":1,"a":1`, "V(b unknown, Email unknown, a unknown)"},
	} {
		_, err := decoder[user](t, tt.cfg)(request(tt.input))
		if got := outcome(err); got != tt.want {
			t.Errorf("row %d: Decode(%s) with %+v = %s, want %s", tt.row, tt.input, tt.cfg, got, tt.want)
		}
	}
}

func TestRow20ReportsAHundredUnknownMembers(t *testing.T) {
	_, err := decoder[user](t, validate.Config{ReportUnknown: true})(request(`"extra":1` + unknown(1000)))
	var e *problem.Error
	if !errors.As(err, &e) || len(e.Fields()) != 100 {
		t.Fatalf("Decode of 1,000 unknown members = %v, want 100 field errors", err)
	}
	if cause := fmt.Sprint(errors.Unwrap(e)); !strings.Contains(cause, "900 more") {
		t.Errorf("cause = %q, want it to count 900 more", cause)
	}
}

func TestRow26CutsAtAHundred(t *testing.T) {
	_, err := decoder[user](t, validate.Config{})(request(items(100, `{"name":"","qty":0}`)))
	var e *problem.Error
	if !errors.As(err, &e) || len(e.Fields()) != 100 {
		t.Fatalf("Decode of 200 failures = %v, want 100 field errors", err)
	}
	if last := e.Fields()[99]; fmt.Sprint(last.Path) != "[items 49 qty]" {
		t.Errorf("the last field error is about %v, want items 49 qty", last.Path)
	}
	if cause := fmt.Sprint(errors.Unwrap(e)); !strings.Contains(cause, "100 more") {
		t.Errorf("cause = %q, want it to count 100 more", cause)
	}
}

// Each row has its own type.
func TestEdgeCasesOfTypes(t *testing.T) {
	type config struct {
		A string `json:"a" validate:"required"`
		B string `json:"b" validate:"required"`
	}
	type withConfig struct {
		Config config `json:"config" validate:"required"`
	}
	type numbers struct {
		I8 int8    `json:"i8"`
		U  uint    `json:"u"`
		F  float64 `json:"f"`
		F3 float32 `json:"f3"`
	}
	type zero struct {
		B bool `json:"b" validate:"required"`
		I int  `json:"i" validate:"required,max=9"`
	}
	type pointers struct {
		Items []*item          `json:"items" validate:"dive"`
		Map   map[string]*item `json:"map" validate:"dive"`
	}
	type quoted struct {
		N int    `json:"n,string"`
		B bool   `json:"b,string"`
		S string `json:"s,string"`
	}
	type recursive struct {
		Next *recursive `json:"next"`
	}
	type alternatives struct {
		To string `json:"to" validate:"email|e164"`
	}
	type array struct {
		A [2]int `json:"a"`
	}
	type keys struct {
		M map[int8]string `json:"m"`
	}
	type blob struct {
		B []byte `json:"b" validate:"min=2"`
	}
	for _, tt := range []struct {
		row  int
		name string
		run  func(string) error
		body string
		want string
	}{
		{18, "a long s", run[struct {
			S string `json:"s"`
		}](t, validate.Config{}), `{"ſ":"a"}`, `V(["ſ"] unknown)`},
		{18, "a Kelvin sign", run[struct {
			K string `json:"k"`
		}](t, validate.Config{}), "{\"\u212a\":\"a\"}", "V([\"\u212a\"] unknown)"},
		{23, "recursive", run[recursive](t, validate.Config{}), times(5000, `{"next":`) + "null" + times(5000, "}"), "IR Request body is nested too deeply"},
		{33, "pointers", run[pointers](t, validate.Config{}), `{"items":[null],"map":{"a":null}}`, "V(items[0] null, map[a] null)"},
		{37, "int8", run[numbers](t, validate.Config{}), `{"i8":300,"u":-1}`, "V(i8 range, u range)"},
		{38, "float", run[numbers](t, validate.Config{}), `{"f":1e400,"f3":1e40}`, "V(f range, f3 range)"},
		{63, "absent", run[withConfig](t, validate.Config{}), `{}`, "V(config required)"},
		{63, "null", run[withConfig](t, validate.Config{}), `{"config":null}`, "V(config required)"},
		{63, "empty", run[withConfig](t, validate.Config{}), `{"config":{}}`, "V(config.a required, config.b required)"},
		{64, "zero", run[zero](t, validate.Config{}), `{"b":false,"i":0}`, "V(b required, i required)"},
		{64, "presence", run[zero](t, validate.Config{RequiredByPresence: true}), `{"b":false,"i":0}`, "ok"},
		{64, "presence, other rules", run[zero](t, validate.Config{RequiredByPresence: true}), `{"b":false,"i":10}`, "V(i max)"},
		{64, "presence, absent", run[zero](t, validate.Config{RequiredByPresence: true}), `{"i":null}`, "V(b required, i required)"},
		{65, "alternatives", run[alternatives](t, validate.Config{}), `{"to":"x"}`, "V(to email|e164)"},
		{68, "root list", run[[]item](t, validate.Config{}), `[{"name":"","qty":1}]`, "V([0].name required)"},
		{68, "root map", run[map[string]item](t, validate.Config{}), `{"k":{"name":"","qty":1}}`, "V([k].name required)"},
		{68, "root pointer", run[*item](t, validate.Config{}), `{"name":"","qty":1}`, "V(name required)"},
		{68, "root scalar", run[int](t, validate.Config{}), `1`, "ok"},
		{9, "root scalar of another type", run[int](t, validate.Config{}), `"1"`, "IR"},
		{71, "raw", run[json.RawMessage](t, validate.Config{}), `[1,"x"]`, "ok"},
		{71, "raw duplicate", run[json.RawMessage](t, validate.Config{}), `{"a":1,"a":1}`, "IR Duplicate member a in request body"},
		{0, "quoted", run[quoted](t, validate.Config{}), `{"n":"1","b":"true","s":"\"x\""}`, "ok"},
		{0, "not quoted", run[quoted](t, validate.Config{}), `{"n":1,"b":"x","s":"x"}`, "V(n type, b type, s type)"},
		{0, "array too long", run[array](t, validate.Config{}), `{"a":[1,2,"x"]}`, "ok"},
		{0, "array", run[array](t, validate.Config{}), `{"a":[1,"x"]}`, "V(a[1] type)"},
		{0, "keys", run[keys](t, validate.Config{}), `{"m":{"1":"a","300":"b","x":"c"}}`, "V(key m[300] range, key m[x] type)"},
		{0, "bytes", run[blob](t, validate.Config{}), `{"b":"%"}`, "V(b format)"},
		{0, "bytes, short", run[blob](t, validate.Config{}), `{"b":"YQ=="}`, "V(b min)"},
		{0, "bytes, number", run[blob](t, validate.Config{}), `{"b":1}`, "V(b type)"},
	} {
		t.Run(fmt.Sprintf("%d %s", tt.row, tt.name), func(t *testing.T) {
			if got := outcome(tt.run(tt.body)); got != tt.want {
				t.Errorf("Decode(%.80s) = %s, want %s", tt.body, got, tt.want)
			}
		})
	}
}

func run[T any](t testing.TB, cfg validate.Config) func(string) error {
	decode := decoder[T](t, cfg)
	return func(body string) error {
		_, err := decode(body)
		return err
	}
}
