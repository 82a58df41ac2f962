package problem

import (
	"errors"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
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

// formTooLarge is what net/http says of a form of more than 10 MB.
const formTooLarge = "http: POST too large"

// ofForm is ofRequest for the errors of forms, which mostly have neither a value
// nor a type to know them by. The same functions of the standard library say what
// their texts are.
func ofForm(r *http.Request, err error) (Kind, bool) {
	_, part := errors.AsType[textproto.ProtocolError](err) // of an upstream, elsewhere
	contentType := r.Header.Get("Content-Type")
	switch {
	case says(err, formTooLarge):
		return PayloadTooLarge, true
	case saysOne(err, formTexts()), part && strings.HasPrefix(contentType, "multipart/"):
		return InvalidRequest, true
	case contentType == "":
		return Internal, false
	}
	_, _, unreadable := mime.ParseMediaType(contentType)
	return UnsupportedMediaType, unreadable != nil && says(err, unreadable.Error())
}

// formTexts are what the standard library says of a semicolon, of too many
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

func saysOne(err error, texts []string) bool {
	for _, text := range texts {
		if says(err, text) {
			return true
		}
	}
	return false
}

// says reports whether an error in the tree of err has that text.
func says(err error, text string) bool {
	if err == nil {
		return false
	}
	if err.Error() == text {
		return true
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		return says(err.Unwrap(), text)
	case interface{ Unwrap() []error }:
		for _, err := range err.Unwrap() {
			if says(err, text) {
				return true
			}
		}
	}
	return false
}
