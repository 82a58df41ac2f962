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
// The struct is the contract. Its json tags name the members of the body; path,
// query, header, cookie and form tags name parameters, each field having one
// source. The rules in its validate tags are those of go-playground/validator.
// A label tag gives a field a name for people, a msg tag a sentence for all its
// failures, a default tag the value of an absent parameter.
//
// A form may be multipart, with files in fields of the type
// *[mime/multipart.FileHeader]. [Config].TagName "binding" reads the structs of
// gin as gin reads them: JSON by json tags, forms and queries by form tags.
//
// Path values come from [net/http.Request.PathValue], which http.ServeMux, chi
// and middleware/ginadapter set, and gorilla/mux does not. A path field that
// nobody sets is an error of the kind Internal, whose cause says so.
//
// # What is refused
//
// A body is one JSON value in UTF-8 of bounded size, depth and number of
// elements. One that is malformed at its begin is refused before its end has
// come. encoding/json repairs much in silence: of two members with one name it
// takes the last, "EMAIL" it takes for "email", bytes that are no UTF-8 it
// replaces. Each of these lets two readers of one body see different things, so
// each is refused here. Unknown members are ignored unless
// [Config].ReportUnknown says otherwise.
//
// # What is reported
//
// All problems at once: values of a wrong type beside broken rules, in the
// order of the struct, under the names of the wire ("items[1].name"). The
// errors are facts, [problem.FieldError]; the style of the responder makes
// sentences of them. No value that a client sent is ever in an error, a
// sentence or a log, but for the name of a charset.
//
// A mistake in the tags is found when the handler is made, not by the first
// client.
package validate
