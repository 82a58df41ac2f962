package validate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

type uuid [16]byte

// UUID is a type that the package recognises by its name.
type UUID uuid

func (u *UUID) UnmarshalText(text []byte) error {
	if len(text) != 36 {
		return fmt.Errorf("%q is no UUID", text)
	}
	return nil
}

type color string

func (c *color) UnmarshalJSON(data []byte) error {
	if string(data) != `"red"` {
		return fmt.Errorf("s3cr3t color %s", data)
	}
	*c = "red"
	return nil
}

type facts struct {
	Name     string            `json:"name" validate:"required,min=2,max=9" label:"Full name"`
	Role     string            `json:"role" validate:"omitempty,oneof=admin 'power user'"`
	Not      string            `json:"not" validate:"noneof=root 'su do'"`
	Tags     []string          `json:"tags" validate:"gt=1,lt=9,dive,len=3"`
	Age      int               `json:"age" validate:"gt=-1,lte=150"`
	Ratio    float64           `json:"ratio" validate:"lte=1.5"`
	Data     []byte            `json:"data" validate:"max=3"`
	Meta     map[string]string `json:"meta" validate:"max=2,dive,keys,min=2,endkeys,max=3"`
	Wait     time.Duration     `json:"wait" validate:"max=1m"`
	When     time.Time         `json:"when"`
	ID       UUID              `json:"id"`
	IP       netip.Addr        `json:"ip"`
	Net      netip.Prefix      `json:"net"`
	Color    color             `json:"color"`
	Password string            `json:"password" label:"Secret"`
	Confirm  string            `json:"confirm" validate:"eqfield=Password"`
	Comma    string            `json:"comma" validate:"omitempty,contains=0x2C"`
	Address  struct {
		City string `json:"city"`
	} `json:"address"`
	Near   string  `json:"near" validate:"required_with=Address.City"`
	If     string  `json:"if" validate:"required_if=Name a Role admin"`
	Lines  []item  `json:"lines" validate:"unique=Name"`
	Taken  string  `json:"taken" validate:"omitempty,email" msg:"is already taken"`
	Own    string  `json:"own" validate:"omitempty,even"`
	Alias  string  `json:"alias" validate:"omitempty,slug"`
	Color2 string  `json:"color2" validate:"omitempty,iscolor"`
	Small  int8    `json:"small"`
	Float  float32 `json:"float"`
}

func TestFacts(t *testing.T) {
	v, err := validate.New(validate.Config{
		Aliases: map[string]string{"slug": "max=3,lowercase"},
		Rules: map[string]validate.Rule{"even": {
			Check: func(_ context.Context, fl validator.FieldLevel) bool { return len(fl.Field().String())%2 == 0 },
			Text:  "must have an even length",
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	type field = problem.FieldError
	for _, tt := range []struct {
		member string
		want   field
	}{
		{`"name":"a"`, field{Rule: "min", Param: "2", Min: "2", Max: "9", Want: problem.TypeString, Presence: problem.Present, Label: "Full name"}},
		{`"name":""`, field{Rule: "required", Min: "2", Max: "9", Want: problem.TypeString, Presence: problem.Zero, Label: "Full name"}},
		{`"name":null`, field{Rule: "required", Min: "2", Max: "9", Want: problem.TypeString, Presence: problem.Null, Label: "Full name"}},
		{`"role":"x"`, field{Rule: "oneof", Param: "admin 'power user'", OneOf: []string{"admin", "power user"}, Want: problem.TypeString, Presence: problem.Present}},
		{`"role":7`, field{Rule: "type", OneOf: []string{"admin", "power user"}, Want: problem.TypeString, Got: problem.TypeNumber, Presence: problem.Present}},
		{`"not":"su do"`, field{Rule: "noneof", Param: "root 'su do'", OneOf: []string{"root", "su do"}, Want: problem.TypeString, Presence: problem.Present}},
		{`"tags":["abc"]`, field{Rule: "gt", Param: "1", Min: "2", Max: "8", Want: problem.TypeArray, Presence: problem.Present}},
		{`"tags":["abc","x"]`, field{Rule: "len", Param: "3", Min: "3", Max: "3", Want: problem.TypeString, Presence: problem.Present}},
		{`"tags":{}`, field{Rule: "type", Min: "2", Max: "8", Want: problem.TypeArray, Got: problem.TypeObject, Presence: problem.Present}},
		{`"age":-1`, field{Rule: "gt", Param: "-1", Max: "150", Want: problem.TypeInteger, Presence: problem.Present}},
		{`"age":1.5`, field{Rule: "type", Max: "150", Want: problem.TypeInteger, Got: problem.TypeFloat, Presence: problem.Present}},
		{`"age":true`, field{Rule: "type", Max: "150", Want: problem.TypeInteger, Got: problem.TypeBoolean, Presence: problem.Present}},
		{`"ratio":2`, field{Rule: "lte", Param: "1.5", Max: "1.5", Want: problem.TypeNumber, Presence: problem.Present}},
		{`"data":"YWFhYQ=="`, field{Rule: "max", Param: "3", Max: "3", Want: problem.TypeBytes, Presence: problem.Present}},
		{`"data":"%"`, field{Rule: "format", Max: "3", Want: problem.TypeBytes, Got: problem.TypeString, Presence: problem.Present}},
		{`"meta":{"a":"a"}`, field{Key: true, Rule: "min", Param: "2", Min: "2", Want: problem.TypeString, Presence: problem.Present}},
		{`"meta":{"aa":"aaaa"}`, field{Rule: "max", Param: "3", Max: "3", Want: problem.TypeString, Presence: problem.Present}},
		{`"meta":[]`, field{Rule: "type", Max: "2", Want: problem.TypeMap, Got: problem.TypeArray, Presence: problem.Present}},
		{`"wait":120000000000`, field{Rule: "max", Param: "1m", Max: "1m", Want: problem.TypeDuration, Presence: problem.Present}},
		{`"wait":"1m"`, field{Rule: "type", Max: "1m", Want: problem.TypeInteger, Got: problem.TypeString, Presence: problem.Present}},
		{`"when":"x"`, field{Rule: "format", Want: problem.TypeTime, Got: problem.TypeString, Presence: problem.Present}},
		{`"when":1`, field{Rule: "type", Want: problem.TypeTime, Got: problem.TypeNumber, Presence: problem.Present}},
		{`"id":"x"`, field{Rule: "format", Want: problem.TypeUUID, Got: problem.TypeString, Presence: problem.Present}},
		{`"ip":"x"`, field{Rule: "format", Want: problem.TypeIP, Got: problem.TypeString, Presence: problem.Present}},
		{`"net":"x"`, field{Rule: "format", Want: problem.TypePrefix, Got: problem.TypeString, Presence: problem.Present}},
		{`"net":{}`, field{Rule: "type", Want: problem.TypePrefix, Got: problem.TypeObject, Presence: problem.Present}},
		{`"color":"blue"`, field{Rule: "format", Want: problem.TypeAny, Presence: problem.Present}},
		{`"confirm":"x"`, field{Rule: "eqfield", Param: "password", Other: "Secret", Want: problem.TypeString, Presence: problem.Present}},
		{`"comma":"x"`, field{Rule: "contains", Param: ",", Want: problem.TypeString, Presence: problem.Present}},
		{`"address":{"city":"x"}`, field{Rule: "required_with", Param: "address.city", Want: problem.TypeString, Presence: problem.Absent}},
		{`"lines":[{"name":"a"},{"name":"a"}]`, field{Rule: "unique", Param: "name", Want: problem.TypeArray, Presence: problem.Present}},
		{`"taken":"x"`, field{Rule: "email", Message: "is already taken", Want: problem.TypeString, Presence: problem.Present}},
		{`"taken":7`, field{Rule: "type", Message: "is already taken", Want: problem.TypeString, Got: problem.TypeNumber, Presence: problem.Present}},
		{`"own":"x"`, field{Rule: "even", Message: "must have an even length", Want: problem.TypeString, Presence: problem.Present}},
		{`"alias":"long"`, field{Rule: "max", Param: "3", Max: "3", Want: problem.TypeString, Presence: problem.Present}},
		{`"color2":"x"`, field{Rule: "iscolor", Want: problem.TypeString, Presence: problem.Present}},
		{`"small":128`, field{Rule: "range", Max: "127", Want: problem.TypeInteger, Got: problem.TypeNumber, Presence: problem.Present}},
		{`"small":-129`, field{Rule: "range", Min: "-128", Want: problem.TypeInteger, Got: problem.TypeNumber, Presence: problem.Present}},
		{`"float":1e39`, field{Rule: "range", Want: problem.TypeNumber, Got: problem.TypeNumber, Presence: problem.Present}},
		{`"Age":1`, field{Rule: "unknown", Param: "age", Got: problem.TypeNumber, Presence: problem.Present}},
	} {
		body := "{" + tt.member
		for _, rest := range []string{`"name":"abc"`, `"tags":["abc","def"]`, `"when":"2026-01-02T03:04:05Z"`} {
			if name, _, _ := strings.Cut(rest, ":"); !strings.HasPrefix(tt.member, name) {
				body = strings.Join([]string{body, rest}, ",")
			}
		}
		body += "}"
		_, err := validate.Decode[facts](v, nil, post(body))
		got := fields(t, err)
		if len(got) != 1 {
			t.Errorf("Decode(%s) = %s, want one field error", body, outcome(err))
			continue
		}
		got[0].Path = nil
		if fmt.Sprintf("%#v", got[0]) != fmt.Sprintf("%#v", tt.want) {
			t.Errorf("Decode(%s)\n  = %#v\nwant %#v", body, got[0], tt.want)
		}
	}
	_, err = validate.Decode[facts](v, nil, post(`{"name":"a","role":"admin","tags":["abc","def"]}`))
	if f := fields(t, err); f[1].Rule != "required_if" || f[1].Param != "name a role admin" {
		t.Errorf("required_if has Param %q, want the fields by their wire names", f[1].Param)
	}
}

func TestPathsHaveNoGoNames(t *testing.T) {
	type page[T any] struct {
		Items []T `json:"items" validate:"dive"`
	}
	type Base struct {
		ID string `json:"id" validate:"required"`
	}
	type Deep struct {
		Level int `json:"level" validate:"min=1"`
	}
	type whole struct {
		Base
		*Deep
		Page  page[item] `json:"page"`
		Named struct {
			X string `json:"x" validate:"required"`
		} `json:"anonymous"`
		Plain string `validate:"required"`
	}
	for body, want := range map[string]string{
		`{}`: "V(id required, level min, anonymous.x required, Plain required)",
		`{"id":"a","level":1,"page":{"items":[{"name":"","qty":1}]},"anonymous":{"x":"x"},"Plain":"x"}`: "V(page.items[0].name required)",
		`{"id":1,"level":"x","page":{"items":[{"name":7,"qty":1}]},"anonymous":[],"Plain":"x"}`:         "V(id type, level type, page.items[0].name type, anonymous type)",
	} {
		_, err := validate.Decode[whole](nil, nil, post(body))
		if got := outcome(err); got != want {
			t.Errorf("Decode(%s) = %s, want %s", body, got, want)
		}
	}
	if _, err := validate.Decode[page[item]](nil, nil, post(`{"items":[{"name":"","qty":1}]}`)); outcome(err) != "V(items[0].name required)" {
		t.Errorf("Decode of a generic root = %s, want V(items[0].name required)", outcome(err))
	}
}

// Linters report this tag as a mistake, so the struct is made at run time.
func TestMemberNamedDash(t *testing.T) {
	dash := reflect.StructOf([]reflect.StructField{{Name: "Dash", Type: reflect.TypeFor[string](), Tag: `json:"-," validate:"required"`}})
	err := (*validate.Validator)(nil).Validate(context.Background(), reflect.Zero(dash).Interface())
	if got := outcome(err); got != "V(- required)" {
		t.Errorf("Validate of a member named - = %s, want V(- required)", got)
	}
}

func TestLongAndHostileKeys(t *testing.T) {
	for _, key := range []string{times(512<<10, "k"), `a\n\"<script>`, `\u0000`} {
		var log strings.Builder
		errs := problem.New(problem.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
		w := httptest.NewRecorder()
		errs.Handler(validate.HandlerFunc(nil, handle[user])).ServeHTTP(w, post(request(`"meta":{"`+key+`":"`+times(257, "v")+`"}`)))
		if w.Body.Len() > 2<<10 || log.Len() > 2<<10 {
			t.Errorf("a key of %d bytes makes an answer of %d and a log of %d bytes, want 2 KiB at most", len(key), w.Body.Len(), log.Len())
		}
		if !json.Valid(w.Body.Bytes()) || strings.ContainsAny(w.Body.String(), "\x00\n") {
			t.Errorf("the answer to the key %.20q is %q, want escaped JSON", key, w.Body)
		}
	}
}

func TestValidate(t *testing.T) {
	type config struct {
		A string `json:"a" validate:"required"`
	}
	type whole struct {
		Config config            `json:"config" validate:"required"`
		Items  []*item           `json:"items" validate:"dive"`
		Meta   map[string]string `json:"meta" validate:"dive,keys,max=1,endkeys,max=1"`
	}
	for _, tt := range []struct {
		x    any
		want string
	}{
		{whole{}, "V(config required)"},
		{&whole{Config: config{A: "a"}}, "ok"},
		{whole{Config: config{A: "a"}, Items: []*item{{Name: "a"}}}, "V(items[0].qty min)"},
		{whole{Config: config{A: "a"}, Meta: map[string]string{"aa": "aa", "b": ""}}, "V(key meta[aa] max, meta[aa] max)"},
		{[]item{{Name: "", Qty: 1}}, "V([0].name required)"},
		{map[string]item{"a": {}}, "V([a].name required, [a].qty min)"},
		{7, "ok"},
		{nil, "internal"},
		{(*whole)(nil), "internal"},
	} {
		err := (*validate.Validator)(nil).Validate(context.Background(), tt.x)
		if got := outcome(err); got != tt.want {
			t.Errorf("Validate(%+v) = %s, want %s", tt.x, got, tt.want)
		}
		if e := (*problem.Error)(nil); errors.As(err, &e) {
			for _, f := range e.Fields() {
				if f.Presence != problem.PresenceUnknown {
					t.Errorf("Validate(%+v) knows the presence of %v", tt.x, f.Path)
				}
			}
		}
	}
}
