package problem

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/internal/jsonobject"
)

// RFC9457 is the default style, Problem Details for HTTP APIs. A body has the members of
// the RFC in its order, then the extensions code, errors, request_id and retry_after,
// then the details of the handler. The type is about:blank, and the title is the phrase
// of the status. A detail is left out if its name is taken or is not a valid name of an
// extension.
//
// https://www.rfc-editor.org/rfc/rfc9457
var RFC9457 = Style{
	Name:        "rfc9457",
	ContentType: "application/problem+json",
	Outcomes:    defaults,
	FieldText:   FieldText,
	RateLimit:   XRateLimit,
	Append:      appendRFC9457,
	Decode:      decodeRFC9457,
	Schema:      schemaRFC9457,
}

// defaults completes every style.
var defaults = [numKinds]Outcome{
	Internal:             {500, "internal", "An unexpected error occurred", Never},
	InvalidRequest:       {400, "invalid_request", "Malformed request", Never},
	Validation:           {422, "validation", "Validation failed", Never},
	Unauthenticated:      {401, "unauthenticated", "Authentication required", Never},
	TokenExpired:         {401, "token_expired", "Token has expired", Never},
	TokenInvalid:         {401, "token_invalid", "Token is invalid", Never},
	TokenRevoked:         {401, "token_revoked", "Token has been revoked", Never},
	Forbidden:            {403, "forbidden", "Access denied", Never},
	InsufficientScope:    {403, "insufficient_scope", "Required scope is missing", Never},
	NotFound:             {404, "not_found", "Resource not found", Never},
	MethodNotAllowed:     {405, "method_not_allowed", "Method not allowed", Never},
	NotAcceptable:        {406, "not_acceptable", "No acceptable representation", Never},
	Conflict:             {409, "conflict", "Resource conflict", Never},
	Gone:                 {410, "gone", "Resource is gone", Never},
	PayloadTooLarge:      {413, "payload_too_large", "Request body too large", Never},
	UnsupportedMediaType: {415, "unsupported_media_type", "Unsupported media type", Never},
	RequestTimeout:       {408, "request_timeout", "Request was not received in time", Never},
	RateLimited:          {429, "rate_limited", "Rate limit exceeded", AfterDelay},
	QuotaExceeded:        {429, "quota_exceeded", "Quota exceeded", Never},
	Unavailable:          {503, "unavailable", "Service temporarily unavailable", Backoff},
	Timeout:              {504, "timeout", "Request timed out", Never},
	UpstreamFailed:       {502, "upstream_failed", "Upstream service failed", Never},
	UpstreamTimeout:      {504, "upstream_timeout", "Upstream service timed out", Never},
}

func appendRFC9457(dst []byte, v *View) ([]byte, error) {
	dst = append(dst, `{"type":"about:blank","title":`...)
	dst = jsonappend.String(dst, StatusText(v.Status))
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(v.Status), 10)
	dst = append(dst, `,"detail":`...)
	dst = jsonappend.String(dst, v.Message)
	dst = append(dst, `,"code":`...)
	dst = jsonappend.String(dst, v.Code)
	if len(v.Fields) > 0 {
		dst = append(dst, `,"errors":`...)
		dst = appendErrors(dst, v)
	}
	if v.RequestID != "" {
		dst = append(dst, `,"request_id":`...)
		dst = jsonappend.String(dst, v.RequestID)
	}
	if v.RetryAfter > 0 {
		dst = append(dst, `,"retry_after":`...)
		dst = strconv.AppendInt(dst, int64(v.RetryAfter), 10)
	}
	for _, d := range v.Details {
		if !isExtension(d.Name) {
			v.dropped = append(v.dropped, d.Name)
			continue
		}
		dst = append(jsonappend.String(append(dst, ','), d.Name), ':')
		dst = append(dst, d.Value...)
	}
	return append(dst, '}'), nil
}

// appendErrors appends the fields, each with a pointer into the body, or with the name
// of a parameter or header.
func appendErrors(dst []byte, v *View) []byte {
	var buf [maxPath]byte
	for i, f := range v.Fields {
		dst = append(dst, "[,"[min(i, 1)])
		dst = append(dst, `{"detail":`...)
		dst = jsonappend.String(dst, v.FieldText(f))
		way, syntax := `,"parameter":`, Brackets
		switch f.In {
		case InBody, InForm:
			way, syntax = `,"pointer":`, Pointer
		case InHeader:
			way = `,"header":`
		}
		dst = append(dst, way...)
		dst = jsonappend.String(dst, f.AppendPath(buf[:0], syntax))
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// isExtension reports whether a name may be that of an extension: a letter, then
// letters, digits and "_", at least three characters, and not a name that this style
// uses.
//
// https://www.rfc-editor.org/rfc/rfc9457#section-3.2
func isExtension(name string) bool {
	switch name {
	case "type", "title", "status", "detail", "instance", "code", "errors", "request_id", "retry_after":
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '_'):
		default:
			return false
		}
	}
	return len(name) >= 3
}

// decodeRFC9457 reads a problem detail. The body must have that media type, or a type
// and a title. Unknown members become details; known members of the wrong type are
// ignored. The type is only a name and is never fetched.
func decodeRFC9457(s *Style, status int, header http.Header, body []byte) (*Error, error) {
	o, ok := jsonobject.Parse(body)
	_, hasType := o.String("type")
	_, hasTitle := o.String("title")
	media, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if !ok || media != "application/problem+json" && !(hasType && hasTitle) {
		return nil, errors.New("problem: not a problem detail of RFC 9457")
	}
	var v View
	v.Code, _ = o.String("code")
	v.Message, _ = o.String("detail")
	v.RequestID, _ = o.String("request_id")
	v.RetryAfter, _ = o.Int("retry_after")
	elements, _ := jsonobject.Array(o.Get("errors"))
	for _, element := range elements {
		if f, ok := readError(element); ok {
			v.Fields = append(v.Fields, f)
		}
	}
	for _, m := range o {
		if isExtension(m.Name) {
			v.Details = append(v.Details, Detail(m))
		}
	}
	return Remote(s, status, header, v), nil
}

// readError reads an element of errors. An element without a text is left out.
func readError(element json.RawMessage) (FieldError, bool) {
	o, _ := jsonobject.Parse(element)
	var f FieldError
	var ok bool
	if f.Message, ok = o.String("detail"); !ok {
		return f, false
	}
	if pointer, ok := o.String("pointer"); ok {
		f.Path = ParsePath(pointer, Pointer)
	} else if name, ok := o.String("header"); ok {
		f.In, f.Path = InHeader, Path{name}
	} else if name, ok := o.String("parameter"); ok {
		f.In, f.Path = InQuery, Path{name}
	}
	return f, true
}
