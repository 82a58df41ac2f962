package problem

import (
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Code is one entry of a vocabulary that an API has published. A handler that
// returns a Code chooses its status and text, in every style.
//
// A Code is an error, like a [Kind]: a handler may return it as it is, and
// errors.Is(err, authrim.EmailAlreadyExists) holds for every error with a code
// of that name. A Code also matches its own Kind. Two codes are equal if their names
// are, because only the name arrives at the client.
type Code struct {
	Name    string // on the wire; empty means the style's for Kind
	Kind    Kind   // Internal, the zero Kind, means [KindOf] the Status
	Status  int    // 400 to 599; 0 means the style's for Kind
	Message string // empty means the style's for Kind
	Retry   Retry
}

// Retry says whether a client may repeat a failed request. Vendors publish it for
// clients, see package problem/client. It changes nothing in an answer.
type Retry uint8

// The values of [Retry].
const (
	Never      Retry = iota // do not repeat: the same request fails again
	Backoff                 // repeat, with a longer wait each time
	AfterDelay              // repeat after the delay that the answer names
	Once                    // repeat one time
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

// is compares c.Kind itself, without [Code.withKind].
func (c Code) is(target error) bool {
	switch t := target.(type) {
	case Kind:
		return t == c.Kind
	case Code:
		return t.Name != "" && t.Name == c.Name
	}
	return false
}

// New returns an error with this code and a text for the client. An empty text means
// the code's own.
func (c Code) New(text string) *Error { return c.Wrap(nil, text) }

// Wrap returns an error with this code, a private cause, which is logged and never
// sent, and a public text as for [Code.New]. Wrap(nil, …) is still an error.
func (c Code) Wrap(err error, text string) *Error {
	return &Error{code: c.withKind(), text: text, cause: err}
}

// withKind returns c with a valid kind: if c has none, that of its status.
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

// named reports whether c is more than a kind.
func (c Code) named() bool { return c.Name != "" || c.Status != 0 }

// statusOr returns the status of c, or kinds, which is that of its kind.
func (c Code) statusOr(kinds int) int {
	switch {
	case c.Kind == ClientClosed:
		return exchange.StatusClientClosed
	case c.Status == 0:
		return kinds
	case !isErrorStatus(c.Status):
		return http.StatusInternalServerError
	}
	return c.Status
}

// StatusText returns the phrase of a status in RFC 9110. It differs from
// [http.StatusText] in 413 and 422, which the RFC has renamed, and returns "Client
// Error" or "Server Error" for a status without a phrase.
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
