package validate_test

import (
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/validate"
)

// profile has the tags of structs in gin services: a name for forms, a name for JSON, and the tags
// of other routers.
type profile struct {
	Name   string    `form:"name" query:"name" json:"name" binding:"required,max=9"`
	Mail   string    `form:"e_mail" json:"email" binding:"omitempty,email"`
	Sort   string    `form:"sort,default=asc" json:"sort" binding:"omitempty,oneof=asc desc"`
	Tags   []string  `form:"tags,default=a;b" json:"tags"`
	Agree  bool      `form:"agree" json:"agree"`
	Born   time.Time `form:"born" json:"-" time_format:"2006-01-02" time_utc:"1"`
	Nested struct {
		City string `form:"city" json:"city" binding:"max=9"`
	} `json:"nested"`
}

func ginValidator(t testing.TB) *validate.Validator {
	t.Helper()
	v, err := validate.New(validate.Config{TagName: "binding"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStructsOfGinAreReadAsGinReadsThem(t *testing.T) {
	v := ginValidator(t)
	const form = "application/x-www-form-urlencoded"
	born := time.Date(2001, 2, 3, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, method, target, kind, body string
		want                             string
		got                              profile
	}{
		{
			"JSON by json names", "POST", "/?name=q", "application/json", `{"name":"a","email":"a@b.co","agree":true,"nested":{"city":"c"}}`,
			"ok",
			profile{Name: "a", Mail: "a@b.co", Agree: true, Nested: struct {
				City string `form:"city" json:"city" binding:"max=9"`
			}{"c"}},
		},
		{
			"a form by form names", "POST", "/?name=q", form, "name=a&e_mail=a@b.co&agree=on&born=2001-02-03&tags=x&sort=desc&city=c",
			"ok",
			profile{Name: "a", Mail: "a@b.co", Agree: true, Born: born, Tags: []string{"x"}, Sort: "desc"},
		},
		{"defaults of a form", "POST", "/", form, "name=a", "ok", profile{Name: "a", Sort: "asc", Tags: []string{"a", "b"}}},
		{"a query by form names", "GET", "/?name=a&e_mail=a@b.co", "", "", "ok", profile{Name: "a", Mail: "a@b.co", Sort: "asc", Tags: []string{"a", "b"}}},
		{"a query, with any Content-Type", "GET", "/?name=a", "application/json", "", "ok", profile{Name: "a", Sort: "asc", Tags: []string{"a", "b"}}},
		{"DELETE without a body", "DELETE", "/?name=a", "", "", "ok", profile{Name: "a", Sort: "asc", Tags: []string{"a", "b"}}},
		{"the query does not fill a form", "POST", "/?name=q", form, "sort=asc", "V(name required)", profile{}},
		{"form names in faults", "POST", "/", form, "name=a&e_mail=x&sort=x&born=x", "V(e_mail email, sort oneof, born format)", profile{}},
		{"form names in a query", "GET", "/?name=a&e_mail=x", "", "", "V(e_mail email)", profile{}},
		{"json names in faults", "POST", "/", "application/json", `{"name":"a","email":"x","sort":"x","nested":{"city":"0123456789"}}`, "V(email email, sort oneof, nested.city max)", profile{}},
		{"a form name in JSON is unknown", "POST", "/", "application/json", `{"name":"a","e_mail":"x"}`, "ok", profile{Name: "a"}},
		{"an unchecked box", "POST", "/", form, "name=a&agree=off", "V(agree type)", profile{}},
		{"another type", "POST", "/", "text/plain", "x", "unsupported_media_type Content-Type must be application/json or application/x-www-form-urlencoded or multipart/form-data", profile{}},
		{"no body", "POST", "/?name=a", form, "", "IR Request body is required", profile{}},
		{"a malformed query", "GET", "/?name=%zz", "", "", "IR Malformed query string", profile{}},
	} {
		r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body))
		if tt.body == "" {
			r.Body = http.NoBody
		}
		if tt.kind != "" {
			r.Header.Set("Content-Type", tt.kind)
		}
		in, err := validate.Decode[profile](v, httptest.NewRecorder(), r)
		if got := outcome(err); got != tt.want {
			t.Errorf("%s: Decode = %s, want %s", tt.name, got, tt.want)
		}
		if err == nil && !reflect.DeepEqual(in, tt.got) {
			t.Errorf("%s: Decode = %+v, want %+v", tt.name, in, tt.got)
		}
	}
}

func TestFilesAreNoJSON(t *testing.T) {
	type picture struct {
		Title string                `form:"title" json:"title" binding:"required"`
		File  *multipart.FileHeader `form:"file" binding:"required"`
	}
	v := ginValidator(t)
	for body, want := range map[string]string{
		`{"title":"a"}`:                        "V(File required)",
		`{"title":"a","File":{}}`:              "V(File format)",
		`{"title":"a","File":{"Filename":""}}`: "V(File format)",
		`{"title":"a","File":null}`:            "V(File required)",
		`{"title":"a","file":1}`:               "V(File required, file unknown)",
	} {
		if _, err := validate.Decode[picture](v, nil, post(body)); outcome(err) != want {
			t.Errorf("Decode(%s) = %s, want %s", body, outcome(err), want)
		}
	}
	r := multipartPost(part{"title", "", "a"}, part{"file", "a.png", "x"})
	if in, err := validate.Decode[picture](v, nil, r); err != nil || in.File == nil || in.File.Filename != "a.png" {
		t.Errorf("Decode of a form = %+v, %s, want the file", in, outcome(err))
	}
}

func TestURITagIsAPath(t *testing.T) {
	type byID struct {
		ID   string `uri:"id" binding:"required,uuid"`
		Name string `json:"name" binding:"required"`
	}
	r := post(`{"name":"a","ID":"x"}`)
	r.SetPathValue("id", "550e8400-e29b-41d4-a716-446655440000")
	in, err := validate.Decode[byID](ginValidator(t), nil, r)
	if err != nil || in.ID != r.PathValue("id") || in.Name != "a" {
		t.Errorf("Decode = %+v, %s, want the ID of the path and the name of the body", in, outcome(err))
	}
	r = post(`{"name":"a"}`)
	r.SetPathValue("id", "x")
	if _, err := validate.Decode[byID](ginValidator(t), nil, r); outcome(err) != "V(id uuid)" {
		t.Errorf("Decode of a bad ID = %s, want V(id uuid)", outcome(err))
	}
}

// A struct with only form fields is read from forms only.
func TestFormsOfGin(t *testing.T) {
	type page struct {
		Number int `form:"page,default=1" binding:"min=1"`
		Size   int `form:"size" binding:"max=100"`
	}
	v := ginValidator(t)
	in, err := validate.Decode[page](v, nil, httptest.NewRequest("GET", "/?size=5", nil))
	if err != nil || in != (page{1, 5}) {
		t.Errorf("Decode of a query = %+v, %s, want page 1 of size 5", in, outcome(err))
	}
	if _, err := validate.Decode[page](v, nil, post(`{"size":5}`)); !strings.HasPrefix(outcome(err), "unsupported_media_type Content-Type must be application/x-www-form") {
		t.Errorf("Decode of JSON = %s, want it refused", outcome(err))
	}
}

func TestFaultsOfTagsSayWhatToWrite(t *testing.T) {
	type author struct {
		User struct {
			Username string `form:"username" json:"username"`
		} `json:"user"`
	}
	type bound struct {
		Name string `json:"name" binding:"required"`
	}
	type both struct {
		Name string `json:"name" binding:"required" validate:"max=9"`
	}
	gin := ginValidator(t)
	for _, tt := range []struct {
		name  string
		err   error
		wants []string // none means no fault
	}{
		{"form below JSON", validate.Check[author](nil), []string{"validate: author.User.Username: ", "outermost", "json instead of form"}},
		{"form below JSON, of gin", validate.Check[author](gin), nil},
		{"form beside json", validate.Check[struct {
			Name string `form:"name" json:"naam"`
		}](nil), []string{`form "name"`, `json "naam"`, "TagName to binding"}},
		{"form beside json, of gin", validate.Check[profile](gin), nil},
		{"form without json", validate.Check[struct {
			Name string `form:"name" json:"-"`
		}](nil), nil},
		{"two sources", validate.Check[struct {
			Name string `path:"a" query:"b"`
		}](nil), []string{`has 2 sources, path "a" and query "b"`}},
		{"a parameter beside members", validate.Check[struct {
			ID   string `path:"id"`
			Name string `json:"name"`
		}](nil), []string{`struct.ID: is a parameter beside body members and not json:"-"`, `write json:"-" beside path "id"`}},
		{"uri", validate.Check[struct {
			ID string `uri:"id"`
		}](nil), []string{`uri:"id"`, `write path:"id"`}},
		{"uri beside path", validate.Check[struct {
			ID string `uri:"id" path:"id"`
		}](nil), nil},
		{"an unknown option", validate.Check[struct {
			Name string `form:"name,omitempty"`
		}](nil), []string{`option "omitempty"`, `form:"name,omitempty"`, "default="}},
		{"an unknown option, of gin", validate.Check[struct {
			Name string `form:"name,x" json:"name"`
		}](gin), []string{`option "x"`}},
		{"a default that does not fit", validate.Check[struct {
			Age int `form:"age,default=x"`
		}](nil), []string{`default "x"`, "int"}},
		{"rules for gin", validate.Check[bound](nil), []string{"bound.Name: has binding rules, and TagName is validate", "set TagName to binding"}},
		{"rules for gin, in a list", validate.Check[struct {
			A []bound `validate:"max=9"`
		}](nil), []string{"struct.A[].Name: has binding rules, and TagName is validate"}},
		{"rules that gin does not see", validate.Check[user](gin), []string{"user.Email: has validate rules, and TagName is binding"}},
		{"below a list", validate.Check[[]map[string]both](ginValidator(t)), nil},
		{"a typo below a list", validate.Check[[]map[string]struct {
			A string `validate:"requird"`
		}](nil), []string{"validate: T[][].A: unknown rule"}},
		{"rules for both", validate.Check[both](nil), nil},
		{"rules for both, of gin", validate.Check[both](gin), nil},
		{"separated lists", validate.Check[struct {
			A []string `form:"a" collection_format:"csv"`
		}](gin), []string{`collection_format "csv"`}},
		{"times in seconds", validate.Check[struct {
			A time.Time `form:"a" time_format:"unix"`
		}](gin), []string{`time_format "unix"`}},
		{"times in an unknown location", validate.Check[struct {
			A time.Time `form:"a" time_format:"2006" time_location:"Nowhere/None"`
		}](gin), []string{`time_location "Nowhere/None"`}},
	} {
		switch {
		case len(tt.wants) == 0 && tt.err != nil:
			t.Errorf("%s: Check = %v, want no fault", tt.name, tt.err)
		case len(tt.wants) > 0 && (tt.err == nil || strings.Contains(tt.err.Error(), "\n") && tt.name != "rules that gin does not see"):
			t.Errorf("%s: Check = %v, want one fault", tt.name, tt.err)
		}
		for _, want := range tt.wants {
			if tt.err != nil && !strings.Contains(tt.err.Error(), want) {
				t.Errorf("%s: Check = %v, want it to say %s", tt.name, tt.err, want)
			}
		}
	}
}
