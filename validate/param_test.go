package validate_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

type search struct {
	Org   string `path:"org" validate:"required"`
	Q     string `query:"q" validate:"required,min=2,max=64"`
	Limit int    `query:"limit" default:"20" validate:"min=1,max=100"`
	Sort  string `query:"sort" validate:"omitempty,oneof=name createdAt"`
	Trace string `header:"X-Trace"`
}

func get(query string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL.RawQuery = query
	r.SetPathValue("org", "o")
	return r
}

func TestParameters(t *testing.T) {
	for _, tt := range []struct {
		query string
		want  string
	}{
		{"q=abc&limit=abc", "V(limit type)"},
		{"q=abc&limit=", "V(limit type)"},
		{"q=abc&limit=1.5", "V(limit type)"},
		{"q=abc&limit=%2B1", "V(limit type)"},
		{"q=abc&limit=1&limit=2", "V(limit repeat)"},
		{"q=abc&limit=99999999999999999999", "V(limit range)"},
		{"q=abc", "ok"},
		{"q=abc&limit=0", "V(limit min)"},
		{"", "V(q required)"},
		{"q=", "V(q required)"},
		{"q=a", "V(q min)"},
		{"a=1;b=2", "IR Malformed query string"},
		{"q=%zz", "IR Malformed query string"},
		{"%zz=1", "IR Malformed query string"},
		{strings.Repeat("&a=1", 1001)[1:], "IR Too many parameters"},
		{strings.Repeat("&a=1", 1000)[1:] + "", "V(q required)"},
		{"q=abc&items[100000000]=x", "ok"},
		{"q=abc&sort=x&limit=101", "V(limit max, sort oneof)"},
		{"q=abc&q=abc", "V(q repeat)"},
		{"q=%ff", "V(q encoding)"},
		{"q=ab%00", "V(q encoding)"},
		{"&&q=abc&", "ok"},
	} {
		in, err := validate.Decode[search](nil, httptest.NewRecorder(), get(tt.query))
		if got := outcome(err); got != tt.want {
			t.Errorf("Decode(?%.60s) = %s, want %s", tt.query, got, tt.want)
		}
		if err == nil && in.Limit != 20 {
			t.Errorf("Decode(?%.60s) has limit %d, want the default of 20", tt.query, in.Limit)
		}
	}
}

func TestPresenceOfParameters(t *testing.T) {
	for query, want := range map[string]problem.Presence{"": problem.Absent, "q=": problem.Zero, "q=a": problem.Present} {
		_, err := validate.Decode[search](nil, nil, get(query))
		f := fields(t, err)[0]
		if f.Presence != want || f.In != problem.InQuery {
			t.Errorf("Decode(?%s) reports presence %d in %d, want %d in the query", query, f.Presence, f.In, want)
		}
	}
}

func TestParametersFromEverySource(t *testing.T) {
	type all struct {
		ID      string        `path:"id" validate:"uuid"`
		Trace   string        `header:"X-Trace" validate:"required"`
		Session string        `cookie:"sid" validate:"max=3"`
		Since   *time.Time    `query:"since"`
		Wait    time.Duration `query:"wait" validate:"max=1m"`
		Ratio   float64       `query:"ratio"`
		Deep    bool          `query:"deep"`
		From    netip.Addr    `query:"from"`
		IDs     []int         `query:"id" validate:"max=2,dive,min=1"`
		U8      *uint8        `query:"u8"`
		Exact   json.Number   `query:"exact"`
	}
	const id = "550e8400-e29b-41d4-a716-446655440000"
	for _, tt := range []struct {
		path  string
		query string
		trace []string
		sid   string
		want  string
	}{
		{id, "since=2026-01-02T03:04:05Z&wait=1s&ratio=1.5e3&deep=1&from=::1&id=1&id=2&u8=7", []string{"t"}, "s", "ok"},
		{id, "since=2026-01-02T03:04:05Z&wait=1s&deep=1&from=::1&id=1&id=2&u8=7&exact=1.50", []string{"t"}, "s", "ok"},
		{id, "exact=", []string{"t"}, "", "V(exact type)"},
		{id, "exact=x", []string{"t"}, "", "V(exact type)"},
		{id, "exact=01", []string{"t"}, "", "V(exact type)"},
		{"x", "", []string{"t"}, "", "V(id uuid)"},
		{"a\x00", "", []string{"t"}, "", "V(id encoding)"},
		{id, "", []string{"a", "b"}, "", "V(X-Trace repeat)"},
		{id, "", nil, "", "V(X-Trace required)"},
		{id, "", []string{"t"}, "long", "V(sid max)"},
		{id, "since=&wait=&ratio=&deep=&from=&u8=", []string{"t"}, "", "V(since format, wait format, ratio type, deep type, from format, u8 type)"},
		{id, "since=1&wait=1&ratio=x&deep=yes&from=x&u8=256", []string{"t"}, "", "V(since format, wait format, ratio type, deep type, from format, u8 range)"},
		{id, "ratio=NaN&deep=TRUE", []string{"t"}, "", "V(ratio type, deep type)"},
		{id, "ratio=1e999&wait=2m", []string{"t"}, "", "V(wait max, ratio range)"},
		{id, "ratio=0x10", []string{"t"}, "", "V(ratio type)"},
		{id, "id=1&id=2&id=3", []string{"t"}, "", "V(id max)"},
		{id, "id=1&id=0", []string{"t"}, "", "V(id[1] min)"},
		{id, "id=1,2", []string{"t"}, "", "V(id[0] type)"},
	} {
		r := get(tt.query)
		r.SetPathValue("id", tt.path)
		r.Header["X-Trace"] = tt.trace
		r.AddCookie(&http.Cookie{Name: "sid", Value: tt.sid})
		in, err := validate.Decode[all](nil, nil, r)
		if got := outcome(err); got != tt.want {
			t.Errorf("Decode(?%s) = %s, want %s", tt.query, got, tt.want)
		}
		if err == nil && (in.Wait != time.Second || !in.Deep || in.IDs[1] != 2 || *in.U8 != 7 || in.From != netip.IPv6Loopback()) {
			t.Errorf("Decode(?%s) = %+v, want what was sent", tt.query, in)
		}
	}
}

func TestHostIsAHeaderToo(t *testing.T) {
	r := get("")
	r.Host = "api.example.com"
	in, err := validate.Decode[struct {
		Host string `header:"Host" validate:"required,fqdn"`
	}](nil, nil, r)
	if err != nil || in.Host != r.Host {
		t.Errorf("Decode of the header Host = %q, %s, want %q, which net/http keeps elsewhere", in.Host, outcome(err), r.Host)
	}
}

func TestDefaultMeetsRequiredByPresence(t *testing.T) {
	decode := func(query string) (int, error) {
		v, err := validate.New(validate.Config{RequiredByPresence: true})
		if err != nil {
			t.Fatal(err)
		}
		in, err := validate.Decode[struct {
			Limit int `query:"limit" default:"20" validate:"required,max=100"`
			Page  int `query:"page" validate:"required"`
		}](v, nil, get(query))
		return in.Limit, err
	}
	for query, want := range map[string]string{"page=0": "ok", "page=0&limit=0": "ok", "": "V(page required)", "page=0&limit=101": "V(limit max)"} {
		if _, err := decode(query); outcome(err) != want {
			t.Errorf("Decode(?%s) = %s, want %s", query, outcome(err), want)
		}
	}
	if limit, _ := decode("page=0"); limit != 20 {
		t.Errorf("limit = %d, want its default 20", limit)
	}
}

func TestForms(t *testing.T) {
	type form struct {
		Age  int    `form:"age" validate:"min=1"`
		Name string `form:"name" validate:"required"`
	}
	for _, tt := range []struct {
		body string
		kind string
		want string
	}{
		{"age=1&name=a", "application/x-www-form-urlencoded", "ok"},
		{"age=1", "application/x-www-form-urlencoded", "V(name required)"},
		{"", "application/x-www-form-urlencoded", "IR Request body is required"},
		{"age=1", "application/json", "unsupported_media_type Content-Type must be application/x-www-form-urlencoded or multipart/form-data"},
		{"age=1;b=2", "application/x-www-form-urlencoded", "IR Malformed form body"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/?age=99", strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.kind)
		in, err := validate.Decode[form](nil, httptest.NewRecorder(), r)
		if got := outcome(err); got != tt.want {
			t.Errorf("Decode of the form %q = %s, want %s", tt.body, got, tt.want)
		}
		if err == nil && in.Age != 1 {
			t.Errorf("age = %d, want 1 as in the form", in.Age)
		}
	}
}

func TestBodyAndParameters(t *testing.T) {
	type update struct {
		ID      string `path:"id" json:"-" validate:"uuid"`
		Name    string `json:"name" validate:"required"`
		DryRun  bool   `query:"dryRun" json:"-"`
		Comment string `json:"comment" validate:"max=3"`
	}
	r := post(`{"ID":"x","name":1,"comment":"long"}`)
	r.URL.RawQuery = "dryRun=maybe"
	r.SetPathValue("id", "x")
	_, err := validate.Decode[update](nil, httptest.NewRecorder(), r)
	if got, want := outcome(err), "V(id uuid, name type, dryRun type, comment max)"; got != want {
		t.Errorf("Decode = %s, want %s", got, want)
	}
	r = post(`{"ID":"550e8400-e29b-41d4-a716-446655440000","name":"a"}`)
	r.Pattern = "/{id...}" // it may be empty
	if in, err := validate.Decode[update](nil, nil, r); in.ID != "" || outcome(err) != "V(id uuid)" {
		t.Errorf("Decode = %+v, %s: the body filled a path parameter", in, outcome(err))
	}
}

func TestFieldThatIsTheWholeBody(t *testing.T) {
	type batch struct {
		Org   string `path:"org" validate:"required"`
		Items []item `body:"json" validate:"min=1,max=2,dive"`
	}
	for body, want := range map[string]string{
		`[{"name":"a","qty":1}]`: "ok",
		`[]`:                     "V( min)",
		`[{"name":"a","qty":0}]`: "V([0].qty min)",
		`[1]`:                    "V([0] type)",
		`{}`:                     "IR",
	} {
		r := post(body)
		r.SetPathValue("org", "o")
		if _, err := validate.Decode[batch](nil, nil, r); outcome(err) != want {
			t.Errorf("Decode(%s) = %s, want %s", body, outcome(err), want)
		}
	}
}

func fields(t testing.TB, err error) []problem.FieldError {
	t.Helper()
	e, ok := err.(*problem.Error)
	if !ok || len(e.Fields()) == 0 {
		t.Fatalf("error = %v, want field errors", err)
	}
	return e.Fields()
}
