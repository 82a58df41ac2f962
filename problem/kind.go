package problem

import "net/http"

// Kind says what went wrong, in words that no style and no protocol has a say
// in. The [Style] decides which status, code and sentence that is.
//
// A Kind is an error: a handler may return it bare, and
// errors.Is(err, problem.NotFound) holds for every error of that kind. The zero
// Kind is Internal, so whatever is unknown is a 500 that says nothing.
type Kind uint8

// The kinds. The status behind each is the one of [RFC9457]; a style may have
// another.
const (
	Internal             Kind = iota // 500: a fault of ours
	InvalidRequest                   // 400: the request cannot be read
	Validation                       // 422: it can be read and breaks a rule
	Unauthenticated                  // 401: no credentials
	TokenExpired                     // 401
	TokenInvalid                     // 401: the token cannot be trusted
	TokenRevoked                     // 401
	Forbidden                        // 403: known, and not allowed
	InsufficientScope                // 403: the token is good, its scope too narrow
	NotFound                         // 404
	MethodNotAllowed                 // 405
	NotAcceptable                    // 406
	Conflict                         // 409
	Gone                             // 410
	PayloadTooLarge                  // 413
	UnsupportedMediaType             // 415
	RequestTimeout                   // 408: the client was too slow
	RateLimited                      // 429: too fast; waiting helps
	QuotaExceeded                    // 429: used up; waiting does not help
	Unavailable                      // 503
	Timeout                          // 504: our own deadline
	UpstreamFailed                   // 502
	UpstreamTimeout                  // 504

	// ClientClosed is a client that went away. It is logged as 499 and never
	// encoded, hence it has no row in a style.
	ClientClosed
)

// numKinds counts the kinds that a style has a row for.
const numKinds = int(ClientClosed)

var kindNames = [...]string{
	Internal:             "internal",
	InvalidRequest:       "invalid_request",
	Validation:           "validation",
	Unauthenticated:      "unauthenticated",
	TokenExpired:         "token_expired",
	TokenInvalid:         "token_invalid",
	TokenRevoked:         "token_revoked",
	Forbidden:            "forbidden",
	InsufficientScope:    "insufficient_scope",
	NotFound:             "not_found",
	MethodNotAllowed:     "method_not_allowed",
	NotAcceptable:        "not_acceptable",
	Conflict:             "conflict",
	Gone:                 "gone",
	PayloadTooLarge:      "payload_too_large",
	UnsupportedMediaType: "unsupported_media_type",
	RequestTimeout:       "request_timeout",
	RateLimited:          "rate_limited",
	QuotaExceeded:        "quota_exceeded",
	Unavailable:          "unavailable",
	Timeout:              "timeout",
	UpstreamFailed:       "upstream_failed",
	UpstreamTimeout:      "upstream_timeout",
	ClientClosed:         "client_closed",
}

// String returns the kind in snake_case. A number that is no kind reads as
// Internal, as it is treated.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		k = Internal
	}
	return kindNames[k]
}

// Error returns the kind's name, for logs.
func (k Kind) Error() string { return k.String() }

// New returns an error of this kind with a text that the client will read.
// Empty text means the style's own.
func (k Kind) New(text string) *Error { return k.Wrap(nil, text) }

// Wrap returns an error of this kind with a private cause, which is logged and
// never sent, and a public text as for [Kind.New]. Wrap(nil, …) is still an
// error.
func (k Kind) Wrap(err error, text string) *Error {
	return newError(Code{Kind: k}, err, text)
}

// bare returns the one error of a kind that says nothing more.
func (k Kind) bare() *Error {
	if int(k) >= len(bareErrors) {
		k = Internal
	}
	return bareErrors[k]
}

var bareErrors = func() (all [ClientClosed + 1]*Error) {
	for k := range all {
		all[k] = Kind(k).New("")
	}
	return all
}()

// KindOf returns the kind of a status that nothing else explains: of 504
// [Timeout], of a 4xx without a kind [InvalidRequest], of a 5xx without one
// [Internal]. Where a status has several kinds, as 401 has, it is the one that
// claims the least. The result is never [ClientClosed].
func KindOf(status int) Kind {
	switch status {
	case http.StatusUnauthorized:
		return Unauthenticated
	case http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusMethodNotAllowed:
		return MethodNotAllowed
	case http.StatusNotAcceptable:
		return NotAcceptable
	case http.StatusRequestTimeout:
		return RequestTimeout
	case http.StatusConflict:
		return Conflict
	case http.StatusGone:
		return Gone
	case http.StatusRequestEntityTooLarge:
		return PayloadTooLarge
	case http.StatusUnsupportedMediaType:
		return UnsupportedMediaType
	case http.StatusUnprocessableEntity:
		return Validation
	case http.StatusTooManyRequests:
		return RateLimited
	case http.StatusBadGateway:
		return UpstreamFailed
	case http.StatusServiceUnavailable:
		return Unavailable
	case http.StatusGatewayTimeout:
		return Timeout
	}
	if status < 500 {
		return InvalidRequest
	}
	return Internal
}
