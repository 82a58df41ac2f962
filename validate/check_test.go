package validate_test

import (
	"context"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/validate"
)

// Each case has a type with one fault, or with none.
func TestCheckFindsEveryMistake(t *testing.T) {
	type hidden struct {
		ID string `json:"id" validate:"required"`
	}
	type twin struct{ X int }
	type unexported struct{ X int }
	type below struct {
		A string `query:"a"`
	}
	type cycle struct {
		Next *cycle `json:"next" validate:"omitnil"`
	}
	std := validate.Config{}
	for _, tt := range []struct {
		fault string // empty means none
		check func(*validate.Validator) error
	}{
		{"Email: unknown rule \"requird\"", validate.Check[struct {
			Email string `validate:"requird,email"`
		}]},
		{"A: rule \"min=abc\" does not work on int", validate.Check[struct {
			A int `validate:"omitempty,min=abc"`
		}]},
		{"A: rule \"port\" does not work on string", validate.Check[struct {
			A string `validate:"omitempty,port"`
		}]},
		{"A: rule \"email\" is about text, not int", validate.Check[struct {
			A int `validate:"email"`
		}]},
		{"A: dive on string", validate.Check[struct {
			A string `validate:"dive,min=1"`
		}]},
		{"A: rule \"min=3\" on an interface", validate.Check[struct {
			A any `validate:"omitnil,min=3"`
		}]},
		{"A: rule \"unique\" on an interface", validate.Check[struct {
			A any `validate:"omitnil,unique"`
		}]},
		{"A: rule \"unique\" on elements of type interface {}", validate.Check[struct {
			A []any `validate:"unique"`
		}]},
		{"A: rule \"unique=X\" does not work", validate.Check[struct {
			A []item `validate:"unique=X"`
		}]},
		{"A: rule \"file\" touches files", validate.Check[struct {
			A string `validate:"file"`
		}]},
		{"A: rule \"tcp_addr\" touches files", validate.Check[struct {
			A string `validate:"omitempty,url|tcp_addr"`
		}]},
		{"A: has the same name on the wire as B", validate.Check[struct {
			A string
			B string `json:"A"`
		}]},
		{"twin.X: has the same name on the wire as unexported.X", validate.Check[struct {
			unexported
			twin
		}]},
		{"ID: has rules, but is hidden by ID", validate.Check[struct {
			hidden
			ID string `json:"id"`
		}]},
		{"unexported: embedded pointer to an unexported struct", validate.Check[struct {
			*unexported
		}]},
		{"A: has 2 sources", validate.Check[struct {
			A string `query:"a" path:"a"`
		}]},
		{"B: has the same source as A", validate.Check[struct {
			A string `header:"x-a"`
			B string `header:"X-A"`
		}]},
		{"A: is a parameter beside body members", validate.Check[struct {
			A string `query:"a"`
			B string
		}]},
		{"A: is a form member beside JSON members", validate.Check[struct {
			A string `form:"a" json:"-"`
			B string
		}]},
		{"B: has no source beside the field", validate.Check[struct {
			A []int `body:"json"`
			B string
		}]},
		{"A: has a source, which only fields of the outermost", validate.Check[struct {
			B below
		}]},
		{"a: has rules, but is unexported", validate.Check[struct {
			a string `validate:"required"`
		}]},
		{"A: has rules, but is json:\"-\"", validate.Check[struct {
			A string `json:"-" validate:"required"`
		}]},
		{"A: has type chan int", validate.Check[struct{ A chan int }]},
		{"A: has type func()", validate.Check[struct{ A func() }]},
		{"A: has type complex128", validate.Check[struct{ A complex128 }]},
		{"A: has type fmt.Stringer", validate.Check[struct{ A fmt.Stringer }]},
		{"A: has map keys of type bool", validate.Check[struct{ A map[bool]int }]},
		{"A: has rules that fail when it is nil", validate.Check[struct {
			A *int `validate:"min=1"`
		}]},
		{"A: has rules that fail when it is nil", validate.Check[struct {
			A *int `validate:"min=1,omitnil"`
		}]},
		{"A: has rules that fail when it is nil", validate.Check[struct {
			A *int `validate:"required_if=B x,min=1"`
			B string
		}]},
		{"A: has rules that fail when it is nil", validate.Check[struct {
			A *string `validate:"excluded_with=B,email"`
			B string
		}]},
		{"A: has rules that fail when it is nil", validate.Check[struct {
			A *int `query:"a" validate:"required_without=B,min=1"`
			B int  `query:"b"`
		}]},
		{"A: has rules that fail when it is nil", validate.Check[struct {
			A []*int `validate:"dive,excluded_with=B,min=1"`
			B int
		}]},
		{"A: has rules that fail when it is nil", validate.Check[struct {
			A *item `validate:"structonly"`
		}]},
		{"A: has rules that fail when it is nil", validate.Check[struct {
			A *int `validate:"required_with=B,isdefault,min=1"`
			B int
		}]},
		{"A: rule \"required_if=B x\" compares B with \"x\"", validate.Check[struct {
			A string `validate:"required_if=B x"`
			B any
		}]},
		{"A: rule \"required_if=B[0] x\" compares B[0] with \"x\"", validate.Check[struct {
			A string `validate:"required_if=B[0] x"`
			B any
		}]},
		{"A: rule \"excluded_unless=B.C[0] x\" compares B.C[0] with \"x\"", validate.Check[struct {
			A string `validate:"excluded_unless=B.C[0] x"`
			B *struct{ C []any }
		}]},
		{"A: rule \"skip_unless=B x C y\" compares C with \"y\"", validate.Check[struct {
			A string `validate:"skip_unless=B x C y"`
			B string
			C map[string]any
		}]},
		{"A: rule \"excluded_if=B nil\" compares B with \"nil\"", validate.Check[struct {
			A string `validate:"excluded_if=B nil"`
			B *int
		}]},
		{"A: rule \"required_unless=B ''\" compares B with \"\"", validate.Check[struct {
			A string `validate:"required_unless=B ''"`
			B *float64
		}]},
		{"A: rule \"min=1\" does not work on validate_test.item", validate.Check[struct {
			A item `validate:"omitempty,min=1"`
		}]},
		{"A: rule \"oneof=a b\" does not work on validate_test.item", validate.Check[struct {
			A []item `validate:"dive,oneof=a b"`
		}]},
		{"A: rule \"unique\" does not work on netip.Addr", validate.Check[struct {
			A netip.Addr `validate:"unique"`
		}]},
		{"A: rule \"gt=1\" does not work on big.Int", validate.Check[struct {
			A map[string]*big.Int `validate:"dive,required,gt=1"`
		}]},
		{"A: rule \"eqfield=B\" on validate_test.item, a struct", validate.Check[struct {
			A item `validate:"eqfield=B"`
			B item
		}]},
		{"A: rule \"excluded_with=B\" on validate_test.item, a struct", validate.Check[struct {
			A []*item `validate:"dive,omitnil,excluded_with=B"`
			B int
		}]},
		{"A: rule \"ip\" is about text, not netip.Addr", validate.Check[struct {
			A netip.Addr `validate:"ip"`
		}]},
		{"A: rule \"email\" is about text, not time.Duration", validate.Check[struct {
			A time.Duration `validate:"email"`
		}]},
		{"A: rule \"numeric\" is about text, not []int", validate.Check[struct {
			A []int `validate:"numeric"`
		}]},
		{"A: rule \"uuid\" is about text, not validate_test.UUID", validate.Check[struct {
			A UUID `validate:"uuid"`
		}]},
		{"struct.A[].A: has rules, but validate_test.sealed decodes itself", validate.Check[struct {
			A []sealed
		}]},
		{"A: dive on net.IP, which has no elements", validate.Check[struct {
			A net.IP `validate:"dive,min=1"`
		}]},
		{"A: has a default \"x\"", validate.Check[struct {
			A int `query:"a" default:"x"`
		}]},
		{"A: has a default, which only parameters have", validate.Check[struct {
			A int `json:"a" default:"1"`
		}]},
		{"A: has type map[string]string, which no parameter", validate.Check[struct {
			A map[string]string `query:"a"`
		}]},
		{"A: rule \"eqfield=B\" names B", validate.Check[struct {
			A string `validate:"eqfield=B"`
		}]},
		{"A: rule \"eqfield=B\" names B", validate.Check[struct {
			A string `validate:"eqfield=B"`
			B string `json:"-"`
		}]},
		{"A: rule \"required_with=b\" names b", validate.Check[struct {
			A string `validate:"required_with=b"`
			b string
		}]},
		{"A: rule \"required_if=B 1\" names B", validate.Check[struct {
			A string `validate:"required_if=B 1"`
		}]},
		{"A: rule \"required_if=B\" does not work", validate.Check[struct {
			A string `validate:"required_if=B"`
			B string
		}]},
		{"A: rule \"min=x\" does not work on string", validate.Check[struct {
			A map[string]int `validate:"dive,keys,min=x,endkeys,min=1"`
		}]},
		{"A: validator cannot read the rules", validate.Check[struct {
			A map[string]int `validate:"dive,min=1,keys,min=1,endkeys"`
		}]},
		{"A: unknown rule \"\"", validate.Check[struct {
			A string `validate:"required,"`
		}]},

		{"", validate.Check[user]},
		{"", validate.Check[search]},
		{"", validate.Check[cycle]},
		{"", validate.Check[[]map[string][]item]},
		{"", validate.Check[[]palette]},
		{"", validate.Check[struct {
			A *int           `validate:"required,min=1"`
			B *int           `validate:"omitempty,min=1"`
			C *string        `validate:"required_without=A"`
			J *int           `validate:"required_with=A,omitempty,min=1"`
			K *int           `validate:"isdefault,min=1"`
			V *int           `validate:"omitzero,min=1"`
			L *item          `validate:"omitnil,structonly"`
			M string         `validate:"required_if=A 1 C 'a b' F[0].Name x"`
			N any            `validate:"excluded_if=L nil"`
			P item           `validate:"required_with=A"`
			Q netip.Addr     `validate:"required"`
			R []big.Int      `validate:"dive,required"`
			S spelled        `validate:"uuid"`
			T []*item        `validate:"dive,required,structonly"`
			U float64        `validate:"numeric"`
			O string         `validate:"required_if=C a0x2Cb"`
			D map[int8][]int `validate:"max=3,dive,keys,min=1,endkeys,max=3,dive,min=1"`
			E string         `validate:"iscolor|email"`
			F []item         `validate:"unique=Name,dive"`
			G any            `validate:"required"`
			H any            `validate:"omitnil,even"`
			I string         `validate:"slug"`
		}]},
	} {
		cfg := std
		cfg.Rules = map[string]validate.Rule{"even": {Check: func(context.Context, validator.FieldLevel) bool { return true }}}
		cfg.Aliases = map[string]string{"slug": "max=20,lowercase"}
		v, err := validate.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = tt.check(v)
		switch {
		case tt.fault == "" && err != nil:
			t.Errorf("Check = %v, want no fault", err)
		case tt.fault != "" && err == nil:
			t.Errorf("Check = nil, want %q", tt.fault)
		case tt.fault != "" && (!strings.Contains(err.Error(), tt.fault) || strings.Contains(err.Error(), "\n")):
			t.Errorf("Check = %v, want only %q", err, tt.fault)
		}
	}
}

// go vet reports this mistake, too, so the struct is made at run time.
func TestCheckFindsOneTagTwice(t *testing.T) {
	tag := reflect.StructTag(`json:"a"`)
	twice := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[string](), Tag: tag},
		{Name: "B", Type: reflect.TypeFor[string](), Tag: tag},
	})
	err := (*validate.Validator)(nil).Validate(t.Context(), reflect.Zero(twice).Interface())
	if err == nil || !strings.Contains(err.Error(), "struct.B: has the same name on the wire as A") {
		t.Errorf("Validate of a struct with one tag twice = %v, want an error about it", err)
	}
}

// sealed decodes itself, so its members cannot have rules.
type sealed struct {
	A string `validate:"required"`
}

func (*sealed) UnmarshalJSON([]byte) error { return nil }

// palette is a list that decodes itself.
type palette []item

func (*palette) UnmarshalJSON([]byte) error { return nil }

// spelled is an array that validator checks by its text.
type spelled [16]byte

func (spelled) String() string { return "0198c0de-0000-7000-8000-000000000000" }

func TestCheckJoinsAllFaults(t *testing.T) {
	type bad struct {
		A string `validate:"requird"`
		B int    `validate:"min=abc"`
		C []bad  `validate:"dive"`
		D string `validate:"dive"`
		E string `validate:"file"`
		F any    `validate:"min=3"`
		G string `validate:"omitempty,port"`
		H string `json:"E"`
	}
	err := validate.Check[bad](nil)
	if err == nil {
		t.Fatal("Check of a type full of mistakes = nil")
	}
	got := strings.Split(err.Error(), "\n")
	for _, want := range []string{"bad.A: ", "bad.B: ", "bad.D: dive", `bad.E: has the same name`, `bad.F: rule "min=3" on an interface`, `bad.G: rule "port"`} {
		n := 0
		for _, line := range got {
			if strings.HasPrefix(line, "validate: "+want) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("Check names %s %d times, want once, in:\n%v", want, n, err)
		}
	}
}

func TestConstructorsPanicOnMistakes(t *testing.T) {
	type typo struct {
		Email string `validate:"requird"`
	}
	for name, build := range map[string]func(){
		"Handler":                       func() { validate.Handler[typo](nil) },
		"HandlerFunc":                   func() { validate.HandlerFunc(nil, handle[typo]) },
		"HandlerFunc of a nil function": func() { validate.HandlerFunc[item](nil, nil) },
		"Handler around a nil handler":  func() { validate.Handler[item](nil)(nil) },
		"FromContext without a Handler": func() { validate.FromContext[item](context.Background()) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			build()
		}()
	}
}
