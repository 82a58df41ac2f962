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

// The structs of the edge cases.
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

// request makes a body. In a body <OK> stands for the good members. An input without a brace is
// a member; it is added to the good members, and replaces one with the same name.
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

// outcome returns an error in the short form of the tables, where V is Validation and IR is
// InvalidRequest.
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

// decoder returns a function that decodes with a new Validator.
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
		input string
		want  string
	}{
		{`{<OK>}`, "ok"},
		{"{<OK>}\n", "ok"},
		{"{<OK>} \r\n\t", "ok"},
		{"", "IR Request body is required"},
		{" \r\n\t ", "IR Request body is required"},
		{`null<OK>`, "IR"},
		{`[]`, "IR"},
		{`{`, "IR"},
		{`{"email"`, "IR"},
		{`{"email":"a`, "IR"},
		{`{"email":}`, "IR"},
		{`{"email":"a",}`, "IR"},
		{`{'email':'a'}`, "IR"},
		{`{email:1}`, "IR"},
		{"{<OK>}// c", "IR"},
		{"{/**/}", "IR"},
		{"{<OK>}{<OK>}", "IR"},
		{"{<OK>}x", "IR"},
		{"{<OK>}]", "IR"},
		{"{<OK>}\x00", "IR"},
		{"\xef\xbb\xbf{<OK>}", "IR"},
		{"{\x00\"\x00a\x00", "IR"},
		{"name:\xff", "IR"},
		{"{\"name\":\"\xff\"}", "IR"},
		{"{\"name\":\"\xc0\xaf\"}", "IR"},
		{"{\"name\":\"\xed\xa0\x80\"}", "IR"},
		{"{\"\xff\":1}", "IR"},
		{`"name":"\ud800"`, "IR"},
		{`"name":"\ude00\ud83d"`, "IR"},
		{`"name":"\ud800x"`, "IR"},
		{`"name":"\ud800\u0041"`, "IR"},
		{`"name":"\ud83d\ude00"`, "ok"},
		{`"name":"\u0000"`, "ok"},
		{"\"name\":\"\x01\"", "IR"},
		{`"age":NaN`, "IR"},
		{`"age":Infinity`, "IR"},
		{`"age":+1`, "IR"},
		{`"age":01`, "IR"},
		{`"age":.5`, "IR"},
		{`"age":1.`, "IR"},
		{`"age":0x10`, "IR"},
		{`"age":1e`, "IR"},
		{`"age":-`, "IR"},
		{`"age":True`, "IR"},
		{`"age":undefined`, "IR"},
		{`{<OK>,"email":"a@b.co"}`, dup},
		{`{<OK>,"items":[{"name":"a","name":"a"}]}`, "IR Duplicate member items[0].name in request body"},
		{`{<OK>,"extra":{"a":[1,{"b":1,"b":2}]}}`, "IR Duplicate member extra.a[1].b in request body"},
		{`{<OK>,"x":1,"x":2}`, "IR Duplicate member x in request body"},
		{`{<OK>,"meta":{"a b":"1","a b":"2"}}`, `IR Duplicate member meta["a b"] in request body`},
		{`{<OK>,"em\u0061il":"a@b.co"}`, dup},
		{`{"EMAIL":"a@b.co","password":"longenough","name":"Al"}`, "V(email required, EMAIL unknown)"},
		{`"Email":"a@b.co"`, "V(Email unknown)"},
		{`"\u017ftart":1`, `V(["ſtart"] unknown)`},
		{`"meta":{"a":"1","A":"2"}`, "ok"},
		{`"extra":1` + unknown(1000), "ok"},
		{`"extra":{"a":1` + unknown(90_000) + `}`, elements},
		{items(349_000, "{}"), elements},
		{`"extra":` + times(63, "[") + times(63, "]"), "ok"},
		{`"extra":` + times(64, "[") + times(64, "]"), nested},
		{times(100_000, "["), nested},
		{`"age":` + times(1_000_000, "1"), "IR Request body contains a number that is too long"},
		{`"age":` + times(1000, "1"), "V(age range)"},
		{`"age":` + times(1001, "1"), "IR Request body contains a number that is too long"},
		{items(101, `{"name":""}`), "V(items max)"},
		{`"email":1`, "V(email type)"},
		{`{"email":1,"password":"x","name":"Al","age":"y"}`, "V(email type, password min, age type)"},
		{`"items":[{"name":"a","qty":1},{"name":2,"qty":1}]`, "V(items[1].name type)"},
		{`"items":[{"name":"a","qty":1},{"name":"","qty":0}]`, "V(items[1].name required, items[1].qty min)"},
		{`"items":{}`, "V(items type)"},
		{`"items":"x"`, "V(items type)"},
		{`"items":[1]`, "V(items[0] type)"},
		{`"items":[null]`, "V(items[0] null)"},
		{`"extra":[null]`, "ok"},
		{`"items":null`, "ok"},
		{`"age":null`, "ok"},
		{`"age":0`, "ok"},
		{`"age":1.5`, "V(age type)"},
		{`"age":1.0`, "V(age type)"},
		{`"age":1e2`, "V(age type)"},
		{`"age":99999999999999999999`, "V(age range)"},
		{`"age":-1`, "V(age gte)"},
		{`"age":151`, "V(age lte)"},
		{`{"email":1,"password":"longenough","name":"Al","start":"nope"}`, "V(email type, start format)"},
		{`"start":1`, "V(start type)"},
		{`"ttl":"1s"`, "V(ttl type)"},
		{`"ttl":1`, "V(ttl min)"},
		{`"meta":{"k":1}`, "V(meta[k] type)"},
		{`"meta":{"` + times(33, "k") + `":"v"}`, "V(key meta[" + times(33, "k") + "] max)"},
		{`"meta":{"` + times(33, "k") + `":"` + times(257, "v") + `"}`, "V(key meta[" + times(33, "k") + "] max, meta[" + times(33, "k") + "] max)"},
		{`"meta":{"` + times(33, "k") + `":1}`, "V(key meta[" + times(33, "k") + "] max, meta[" + times(33, "k") + "] type)"},
		{`"meta":{"a.b]c":"` + times(257, "v") + `"}`, `V(meta["a.b]c"] max)`},
		{`{}`, "V(email required, password required, name notblank)"},
		{`{"email":"","password":"short","name":""}`, "V(email required, password min, name notblank)"},
		{`"email":""`, "V(email required)"},
		{`"password":""`, "V(password required)"},
		{`"email":null`, "V(email required)"},
		{`"email":"invalid-email"`, "V(email email)"},
		{`"name":" \t\u00a0"`, "V(name notblank)"},
		{`"password":"` + times(8, "é") + `"`, "ok"},
		{`"password":"` + times(129, "é") + `"`, "V(password max)"},
		{`"email":"` + times(300, "a") + `"`, "V(email max)"},
		{`"role":"root"`, "V(role oneof)"},
		{`"role":7`, "V(role type)"},
		{`"confirm":"other"`, "V(confirm eqfield)"},
		{`{"email":"a@b.co","password":1,"name":"Al","confirm":"other"}`, "V(password type)"},
		{`"admin":true`, "ok"},
	} {
		body := request(tt.input)
		if tt.input == "null<OK>" {
			body = "null"
		}
		if _, err := decode(body); outcome(err) != tt.want {
			t.Errorf("Decode(%.80s) = %.200s, want %s", body, outcome(err), tt.want)
		}
	}
	for _, body := range []string{`"x"`, `1`, `true`} {
		if _, err := decode(body); outcome(err) != "IR" {
			t.Errorf("Decode(%s) = %s, want IR", body, outcome(err))
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
		cfg   cfg
		input string
		want  string
	}{
		{cfg{AllowEmpty: true}, "", "V(email required, password required, name notblank)"},
		{cfg{AllowNullElements: true}, `"items":[null]`, "V(items[0].name required, items[0].qty min)"},
		{cfg{ReportUnknown: true}, `"admin":true`, "V(admin unknown)"},
		{cfg{ReportUnknown: true}, `"items":[{"name":"a","qty":1,"x":1,"y":2}]`, "V(items[0].x unknown, items[0].y unknown)"},
		{cfg{ReportUnknown: true}, `"b":1,"Email":1,"a":1`, "V(b unknown, Email unknown, a unknown)"},
	} {
		_, err := decoder[user](t, tt.cfg)(request(tt.input))
		if got := outcome(err); got != tt.want {
			t.Errorf("Decode(%s) with %+v = %s, want %s", tt.input, tt.cfg, got, tt.want)
		}
	}
}

func TestAHundredUnknownMembersAreReported(t *testing.T) {
	_, err := decoder[user](t, validate.Config{ReportUnknown: true})(request(`"extra":1` + unknown(1000)))
	var e *problem.Error
	if !errors.As(err, &e) || len(e.Fields()) != 100 {
		t.Fatalf("Decode of 1,000 unknown members = %v, want 100 field errors", err)
	}
	if cause := fmt.Sprint(errors.Unwrap(e)); !strings.Contains(cause, "900 more") {
		t.Errorf("cause = %q, want it to count 900 more", cause)
	}
}

func TestAHundredFailuresAreReported(t *testing.T) {
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

// Each case has its own type.
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
		name string
		run  func(string) error
		body string
		want string
	}{
		{"a long s", run[struct {
			S string `json:"s"`
		}](t, validate.Config{}), `{"ſ":"a"}`, `V(["ſ"] unknown)`},
		{"a Kelvin sign", run[struct {
			K string `json:"k"`
		}](t, validate.Config{}), "{\"\u212a\":\"a\"}", "V([\"\u212a\"] unknown)"},
		{"recursive", run[recursive](t, validate.Config{}), times(5000, `{"next":`) + "null" + times(5000, "}"), "IR Request body is nested too deeply"},
		{"pointers", run[pointers](t, validate.Config{}), `{"items":[null],"map":{"a":null}}`, "V(items[0] null, map[a] null)"},
		{"int8", run[numbers](t, validate.Config{}), `{"i8":300,"u":-1}`, "V(i8 range, u range)"},
		{"float", run[numbers](t, validate.Config{}), `{"f":1e400,"f3":1e40}`, "V(f range, f3 range)"},
		{"absent", run[withConfig](t, validate.Config{}), `{}`, "V(config required)"},
		{"null", run[withConfig](t, validate.Config{}), `{"config":null}`, "V(config required)"},
		{"empty", run[withConfig](t, validate.Config{}), `{"config":{}}`, "V(config.a required, config.b required)"},
		{"zero", run[zero](t, validate.Config{}), `{"b":false,"i":0}`, "V(b required, i required)"},
		{"presence", run[zero](t, validate.Config{RequiredByPresence: true}), `{"b":false,"i":0}`, "ok"},
		{"presence, other rules", run[zero](t, validate.Config{RequiredByPresence: true}), `{"b":false,"i":10}`, "V(i max)"},
		{"presence, absent", run[zero](t, validate.Config{RequiredByPresence: true}), `{"i":null}`, "V(b required, i required)"},
		{"alternatives", run[alternatives](t, validate.Config{}), `{"to":"x"}`, "V(to email|e164)"},
		{"root list", run[[]item](t, validate.Config{}), `[{"name":"","qty":1}]`, "V([0].name required)"},
		{"root map", run[map[string]item](t, validate.Config{}), `{"k":{"name":"","qty":1}}`, "V([k].name required)"},
		{"root pointer", run[*item](t, validate.Config{}), `{"name":"","qty":1}`, "V(name required)"},
		{"root scalar", run[int](t, validate.Config{}), `1`, "ok"},
		{"root scalar of another type", run[int](t, validate.Config{}), `"1"`, "IR"},
		{"raw", run[json.RawMessage](t, validate.Config{}), `[1,"x"]`, "ok"},
		{"raw duplicate", run[json.RawMessage](t, validate.Config{}), `{"a":1,"a":1}`, "IR Duplicate member a in request body"},
		{"quoted", run[quoted](t, validate.Config{}), `{"n":"1","b":"true","s":"\"x\""}`, "ok"},
		{"not quoted", run[quoted](t, validate.Config{}), `{"n":1,"b":"x","s":"x"}`, "V(n type, b type, s type)"},
		{"array too long", run[array](t, validate.Config{}), `{"a":[1,2,"x"]}`, "ok"},
		{"array", run[array](t, validate.Config{}), `{"a":[1,"x"]}`, "V(a[1] type)"},
		{"keys", run[keys](t, validate.Config{}), `{"m":{"1":"a","300":"b","x":"c"}}`, "V(key m[300] range, key m[x] type)"},
		{"bytes", run[blob](t, validate.Config{}), `{"b":"%"}`, "V(b format)"},
		{"bytes, short", run[blob](t, validate.Config{}), `{"b":"YQ=="}`, "V(b min)"},
		{"bytes, number", run[blob](t, validate.Config{}), `{"b":1}`, "V(b type)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
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
