package scaivault

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

// decode parses an error body. It refuses a body unless error is an object in which code
// is a string.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	inner, _ := o.Object("error")
	code, ok := inner.String("code")
	if !ok {
		return nil, errors.New("scaivault: not an error body of ScaiVault")
	}
	v := problem.View{Code: code}
	v.Message, _ = inner.String("message")
	v.RequestID, _ = inner.String("request_id")
	details, _ := inner.Object("details")
	for _, m := range details {
		if m.Name == "fields" {
			if v.Fields = readFields(m.Value); v.Fields != nil {
				continue
			}
		}
		v.Details = append(v.Details, problem.Detail(m))
	}
	return problem.Remote(s, status, header, v), nil
}

// readFields parses details.fields: an array, as our encoder writes it, or a map from
// paths to messages. The vendor names the member but does not show its shape.
func readFields(value json.RawMessage) []problem.FieldError {
	var fields []problem.FieldError
	read := func(path, text string) {
		fields = append(fields, problem.FieldError{Path: problem.ParsePath(path, problem.Brackets), Message: text})
	}
	elements, _ := jsonobject.Array(value)
	for _, element := range elements {
		o, _ := jsonobject.Parse(element)
		path, hasPath := o.String("field")
		text, hasText := o.String("message")
		if hasPath && hasText {
			read(path, text)
		}
	}
	members, _ := jsonobject.Parse(value)
	for path, text := range members.Strings() {
		read(path, text)
	}
	return fields
}
