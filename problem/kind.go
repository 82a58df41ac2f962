package problem

import "net/http"

// Kind says what went wrong, independent of any error format. The [Style] decides
// which status, code and sentence the client gets.
//
// A Kind is an error: a handler may return it as it is, and
// errors.Is(err, problem.NotFound) holds for every error of that kind. The zero
// Kind is [Internal], a 500 that tells the client nothing.
type Kind uint8

// The kinds, with their statuses in [RFC9457]. Another style may have other statuses.
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

	// ClientClosed means that the client went away. It is logged as 499 and never
	// sent, so a style has no outcome for it.
	ClientClosed
)

// numKinds is the number of kinds for which a style has an outcome.
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

// String returns the kind in snake_case. A number that is not a kind counts as
// [Internal].
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		k = Internal
	}
	return kindNames[k]
}

// Error returns the kind's name, for logs.
func (k Kind) Error() string { return k.String() }

// New returns an error of this kind with a text for the client. An empty text means
// the style's own.
func (k Kind) New(text string) *Error { return k.Wrap(nil, text) }

// Wrap returns an error of this kind with a private cause, which is logged and
// never sent, and a public text as for [Kind.New]. Wrap(nil, …) is still an
// error.
func (k Kind) Wrap(err error, text string) *Error {
	return newError(Code{Kind: k}, err, text)
}

// bare returns the error of a kind without anything else. All calls share it.
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

// KindOf returns the kind of a status if nothing else is known: [Timeout] for 504, and
// [InvalidRequest] or [Internal] for a 4xx or 5xx without a kind. If several kinds have
// the status, KindOf returns the most general, such as [Unauthenticated] for 401. It
// never returns [ClientClosed].
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
