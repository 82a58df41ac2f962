// Package validate turns a request into a typed, checked value, or into one
// error that lists everything wrong with it.
//
//	type Registration struct {
//		Email    string `json:"email" validate:"required,email"`
//		Password string `json:"password" validate:"required,min=8,max=128"`
//	}
//
//	mux.Handle("POST /register", validate.HandlerFunc(nil,
//		func(w http.ResponseWriter, r *http.Request, in Registration) error { … }))
//
// The struct is the contract. Its json tags name the members of the body. Its path,
// query, header, cookie and form tags name parameters; each field has one source. Its
// validate tags hold rules of go-playground/validator. A label tag gives a field a
// name for people, a msg tag gives one sentence for all failures of the field, and a
// default tag gives the value of an absent parameter.
//
// A form may be multipart, with files in fields of the type
// *[mime/multipart.FileHeader]. Set [Config.TagName] to "binding" for structs that
// were written for gin: JSON is then read by json tags, forms and queries by form
// tags.
//
// Path values come from [net/http.Request.PathValue]. [net/http.ServeMux], chi and
// middleware/ginadapter set them; gorilla/mux does not. If the router has not set a
// path field, the error is of the kind [problem.Internal], and its cause says so.
//
// # What is refused
//
// A body must be one JSON value in UTF-8, of bounded size, depth and number of
// elements. A body that is malformed near its begin is refused before the rest
// arrives. encoding/json repairs much in silence: of two members with the same name
// it takes the last, it takes "EMAIL" for "email", and it replaces bytes that are not
// UTF-8. In each case two readers of the same body may see different values, so this
// package refuses the body. Unknown members are ignored unless [Config.ReportUnknown]
// is set.
//
// # What is reported
//
// All problems are reported at once: values of a wrong type beside broken rules, in
// the order of the struct, under their names on the wire ("items[1].name"). A
// [problem.FieldError] states facts, and the style of the responder makes a sentence
// of them. No error, sentence or log line contains a value that a client sent, except
// the name of a charset.
//
// A mistake in the tags is found when the handler is made, not when the first request
// comes: see [Check].
package validate
