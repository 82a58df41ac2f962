package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/gin-gonic/gin"
	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"

	"github.com/backstop-go/backstop/validate"
)

// The rules stand three times: for us and echo, for gin, for huma.
type registration struct {
	Email    string `json:"email" validate:"required,email" binding:"required,email" format:"email"`
	Password string `json:"password" validate:"required,min=8,max=128" binding:"required,min=8,max=128" minLength:"8" maxLength:"128"`
}

type order struct {
	Customer string `json:"customer" validate:"required,max=64" binding:"required,max=64" minLength:"1" maxLength:"64"`
	Items    []item `json:"items" validate:"required,min=1,max=100,dive" binding:"required,min=1,max=100,dive" minItems:"1" maxItems:"100"`
}

type item struct {
	Name  string `json:"name" validate:"required,max=40" binding:"required,max=40" minLength:"1" maxLength:"40"`
	Count int    `json:"count" validate:"min=1,max=99" binding:"min=1,max=99" minimum:"1" maximum:"99"`
}

type notes struct {
	Notes []string `json:"notes" validate:"required,dive,max=1024" binding:"required,dive,max=1024"`
}

type listing struct {
	Page   int    `query:"page" validate:"min=1" minimum:"1"`
	Size   int    `query:"size" validate:"min=1,max=100" minimum:"1" maximum:"100"`
	Sort   string `query:"sort" validate:"oneof=name age" enum:"name,age"`
	Order  string `query:"order" validate:"oneof=asc desc" enum:"asc,desc"`
	Search string `query:"q" validate:"max=64" maxLength:"64"`
	Team   string `query:"team" validate:"required" required:"true"`
	Active bool   `query:"active"`
	After  string `query:"after" validate:"max=64" maxLength:"64"`
}

// ginListing has gin's word for a query parameter.
type ginListing struct {
	Page   int    `form:"page" binding:"min=1"`
	Size   int    `form:"size" binding:"min=1,max=100"`
	Sort   string `form:"sort" binding:"oneof=name age"`
	Order  string `form:"order" binding:"oneof=asc desc"`
	Search string `form:"q" binding:"max=64"`
	Team   string `form:"team" binding:"required"`
	Active bool   `form:"active"`
	After  string `form:"after" binding:"max=64"`
}

const (
	smallBody = `{"email":"ann.lee@example.com","password":"correct horse staple"}`
	wrongBody = `{"email":"ann.lee.example.com","password":"correct horse staple"}`
)

func smallValid() race {
	return posting[registration](smallBody, answer{status: 201})
}

// smallInvalid is answered with an envelope that names the field.
func smallInvalid() race {
	return posting[registration](wrongBody, answer{status: 400, body: []string{"email"}})
}

func largeValid() race {
	return posting[order](orderOf(50, nil), answer{status: 201})
}

func largeInvalid() race {
	body := orderOf(50, map[int]string{7: `{"name":"","count":1}`, 21: `{"name":"bolt","count":0}`, 40: `{"name":"nut","count":100}`})
	return posting[order](body, answer{status: 400, body: []string{"name", "count"}})
}

// malformedAtBegin is a mebibyte that is wrong in its first byte. gin and echo
// decode a stream and stop there.
func malformedAtBegin() race {
	return posting[order]("]"+strings.Repeat(" ", 1<<20-1), answer{status: 400})
}

// malformedAtEnd lacks its last brace.
func malformedAtEnd() race {
	return posting[order](strings.TrimSuffix(megabyte(), "}"), answer{status: 400})
}

// megabyteValid is almost as much as we read by default.
func megabyteValid() race { return posting[notes](megabyte(), answer{status: 201}) }

func megabyte() string {
	list := strings.Repeat(`"`+strings.Repeat("a", 1021)+`",`, 1<<10-1)
	return `{"notes":[` + strings.TrimSuffix(list, ",") + `]}`
}

func queryValid() race {
	return querying("?page=2&size=50&sort=name&order=asc&q=bolt&team=red&active=true&after=x1", 201, 201)
}

func queryInvalid() race {
	return querying("?page=0&size=50&sort=name&order=asc&q=bolt&active=true&after=x1", 400, 422)
}

// querying decodes and checks eight parameters.
func querying(query string, status, humas int) race {
	return race{
		request: request{target: "/orders" + query},
		want:    answer{status: status},
		contenders: []contender{
			{by: "backstop", handler: validated[listing]("GET")},
			{by: "gin", handler: ginBound("GET", ginBindsQuery[ginListing])},
			{by: "echo", handler: echoBound[listing]("GET")},
			{by: "huma", handler: humaBound[listing]("GET"), want: answer{status: humas}},
		},
	}
}

// orderOf is the body of an order of n items, some of them replaced.
func orderOf(n int, instead map[int]string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"name":"item number %02d","count":%d}`, i, i%90+1)
		if other, ok := instead[i]; ok {
			items[i] = other
		}
	}
	return `{"customer":"Ann Lee","items":[` + strings.Join(items, ",") + `]}`
}

// posting decodes a T, checks it, and answers 201.
func posting[T any](body string, want answer) race {
	human := contender{by: "huma", handler: humaBound[struct{ Body T }]("POST")}
	if want.status == 400 && len(want.body) > 0 {
		human.want.status = 422 // huma's status where a rule is broken
	}
	return race{
		request: request{
			method: "POST", target: "/orders", body: body,
			header: http.Header{"Content-Type": {"application/json"}},
		},
		want: want,
		contenders: []contender{
			{by: "backstop", handler: validated[T]("POST")},
			{by: "gin", handler: ginBound("POST", ginBinds[T])},
			{by: "echo", handler: echoBound[T]("POST")},
			human,
		},
	}
}

// validated stands behind net/http's router, as the others do behind theirs.
func validated[T any](method string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(method+" /orders", validate.HandlerFunc(nil, func(w http.ResponseWriter, _ *http.Request, _ T) error {
		w.WriteHeader(http.StatusCreated)
		return nil
	}))
	return responder().Handler(mux)
}

func ginBound(method string, handle gin.HandlerFunc) http.Handler {
	e := gin.New()
	e.Handle(method, "/orders", handle)
	return e
}

func ginBinds[T any](c *gin.Context) {
	var in T
	ginAnswers(c, c.ShouldBindJSON(&in))
}

func ginBindsQuery[T any](c *gin.Context) {
	var in T
	ginAnswers(c, c.ShouldBindQuery(&in))
}

func ginAnswers(c *gin.Context, err error) {
	if err != nil {
		c.JSON(http.StatusBadRequest, faults(err))
		return
	}
	c.Status(http.StatusCreated)
}

func echoBound[T any](method string) http.Handler {
	e := newEcho()
	e.Add(method, "/orders", echoBinds[T])
	return e
}

func newEcho() *echo.Echo {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(jsonName)
	e := echo.New()
	e.Validator = echoValidator{v}
	return e
}

func echoBinds[T any](c echo.Context) error {
	var in T
	if err := c.Bind(&in); err != nil {
		return err
	}
	if err := c.Validate(&in); err != nil {
		return c.JSON(http.StatusBadRequest, faults(err))
	}
	return c.NoContent(http.StatusCreated)
}

type echoValidator struct{ validate *validator.Validate }

func (v echoValidator) Validate(x any) error { return v.validate.Struct(x) }

// jsonName is what validator's documentation proposes.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// faults is the envelope of gin and echo: what is wrong with which field.
func faults(err error) any {
	if texts := fieldTexts(err); texts != nil {
		return gin.H{"error": "Validation failed", "fields": texts}
	}
	return gin.H{"error": "Malformed JSON request"}
}

// fieldTexts is nil if err is not about fields.
func fieldTexts(err error) map[string]string {
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) {
		return nil
	}
	texts := make(map[string]string, len(fields))
	for _, f := range fields {
		_, path, _ := strings.Cut(f.Namespace(), ".")
		texts[path] = "fails " + f.Tag()
	}
	return texts
}

func humaBound[I any](method string) http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("bench", "1"))
	huma.Register(api, huma.Operation{
		OperationID: "orders", Method: method, Path: "/orders", DefaultStatus: http.StatusCreated, MaxBodyBytes: 2 << 20,
	}, func(context.Context, *I) (*struct{}, error) { return nil, nil })
	return mux
}
