package problem

import "net/http"

// Code is one entry of a vocabulary that an API has published. A handler that
// names a code has chosen its status and text, in every style.
//
// A Code is an error, as a [Kind] is: it may be returned bare, and
// errors.Is(err, authrim.EmailAlreadyExists) holds for every error with a code
// of that name. It also matches its own Kind. Two codes are equal if their names
// are, because a name is all that arrives on the other side of the wire.
type Code struct {
	Name    string // as on the wire; empty means the style's for Kind
	Kind    Kind   // Internal, the zero Kind, gives way to that of the Status, see [KindOf]
	Status  int    // 400 to 599; 0 means the style's for Kind
	Message string // empty means the style's for Kind
	Retry   Retry
}

// Retry says what a client may do with a failed request. Vendors publish it;
// servers obey it only in so far as they set Retry-After.
type Retry uint8

// The classes of [Retry].
const (
	Never      Retry = iota // the same request fails again
	Backoff                 // again, each time later
	AfterDelay              // again, after the delay that the answer names
	Once                    // again, one time
)

// Error returns the name of the code and its message, for logs.
func (c Code) Error() string {
	switch {
	case c.Name == "" && c.Message == "":
		return c.withKind().Kind.Error()
	case c.Name == "":
		return c.Message
	case c.Message == "":
		return c.Name
	}
	return c.Name + ": " + c.Message
}

// Is reports whether target is the Kind of c, or a Code of its name.
func (c Code) Is(target error) bool {
	return c.withKind().is(target)
}

// is takes the Kind as it stands.
func (c Code) is(target error) bool {
	switch t := target.(type) {
	case Kind:
		return t == c.Kind
	case Code:
		return t.Name != "" && t.Name == c.Name
	}
	return false
}

// New returns an error with this code and a public text. Empty text means the
// code's own.
func (c Code) New(text string) *Error { return c.Wrap(nil, text) }

// Wrap returns an error with this code, a private cause and a public text.
// Wrap(nil, …) is still an error.
func (c Code) Wrap(err error, text string) *Error {
	return &Error{code: c.withKind(), text: text, cause: err}
}

// withKind returns c with a kind that exists: that of its status, if only that
// was given.
func (c Code) withKind() Code {
	if c.Kind != Internal && c.Kind <= ClientClosed {
		return c
	}
	c.Kind = Internal
	if isErrorStatus(c.Status) {
		c.Kind = KindOf(c.Status)
	}
	return c
}

// named reports whether a handler has chosen more than a kind.
func (c Code) named() bool { return c.Name != "" || c.Status != 0 }

// statusOr returns the status of c, or that of its kind.
func (c Code) statusOr(kinds int) int {
	switch {
	case c.Kind == ClientClosed:
		return statusClientClosed
	case c.Status == 0:
		return kinds
	case !isErrorStatus(c.Status):
		return http.StatusInternalServerError
	}
	return c.Status
}

// StatusText is the phrase of a status as RFC 9110 names it. It differs from
// [http.StatusText] in 413 and 422, whose names the RFC has changed, and has an
// answer for statuses without a phrase.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-15
func StatusText(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Content Too Large"
	case http.StatusUnprocessableEntity:
		return "Unprocessable Content"
	}
	switch text := http.StatusText(status); {
	case text != "":
		return text
	case status >= 500:
		return "Server Error"
	}
	return "Client Error"
}
