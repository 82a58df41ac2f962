package problem

import (
	"errors"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// requestErrors are those of the standard library that can only be about the
// request.
var requestErrors = []struct {
	is   error
	kind Kind
}{
	{http.ErrMissingFile, InvalidRequest},
	{http.ErrNoCookie, InvalidRequest},
	{http.ErrNotMultipart, UnsupportedMediaType},
	{http.ErrMissingBoundary, UnsupportedMediaType},
	{mime.ErrInvalidMediaParameter, UnsupportedMediaType},
	{multipart.ErrMessageTooLarge, PayloadTooLarge},
}

// ofRequest says what kind an error is that the standard library has made of a
// request: of its form, its cookies, its body.
func ofRequest(r *http.Request, err error) (Kind, bool) {
	for _, known := range requestErrors {
		if errors.Is(err, known.is) {
			return known.kind, true
		}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return PayloadTooLarge, true
	}
	_, escape := errors.AsType[url.EscapeError](err)
	_, host := errors.AsType[url.InvalidHostError](err)
	if escape || host {
		return InvalidRequest, true
	}
	return ofForm(r, err)
}

// ofForm is ofRequest for the errors of forms. Most of them have neither a value
// nor a type to know them by, so their texts are compared, at the end of that of
// err, which may wrap them.
func ofForm(r *http.Request, err error) (Kind, bool) {
	text, contentType := textOf(err), r.Header.Get("Content-Type")
	ends := func(with string) bool { return strings.HasSuffix(text, with) }
	_, part := errors.AsType[textproto.ProtocolError](err) // without a form it is an upstream's
	switch {
	case ends("http: POST too large"): // more than 10 MB
		return PayloadTooLarge, true
	case slices.ContainsFunc(formTexts(), ends), part && strings.HasPrefix(contentType, "multipart/"):
		return InvalidRequest, true
	case contentType == "":
		return Internal, false
	}
	_, _, unreadable := mime.ParseMediaType(contentType)
	return UnsupportedMediaType, unreadable != nil && ends(unreadable.Error())
}

// formTexts are what the standard library itself says of a semicolon, of too many
// parameters, and of a body without its last boundary.
var formTexts = sync.OnceValue(func() []string {
	_, semicolon := url.ParseQuery(";")
	_, many := url.ParseQuery(strings.Repeat("&", 1<<16))
	_, end := multipart.NewReader(strings.NewReader("--x"), "x").NextPart()
	var texts []string
	for _, err := range [...]error{semicolon, many, end} {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	return texts
})
