package problem

import (
	"strconv"

	"github.com/backstop-go/backstop/internal/jsonappend"
)

// RFC9457 is the default style, Problem Details for HTTP APIs: the members of
// the RFC in its order, then the extensions code, errors, request_id and
// retry_after, then the details of the handler. The type is about:blank, the
// title the phrase of the status.
//
// https://www.rfc-editor.org/rfc/rfc9457
var RFC9457 = Style{
	Name:        "rfc9457",
	ContentType: "application/problem+json",
	Outcomes:    defaults,
	FieldText:   FieldText,
	RateLimit:   XRateLimit,
	Append:      appendRFC9457,
	Decode:      nil,
}

// defaults lies beneath every style: HTTP's statuses and our words.
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
	for i, f := range v.Fields {
		dst = append(dst, []string{`,"errors":[`, `,`}[min(i, 1)]...)
		dst = append(dst, `{"detail":`...)
		dst = jsonappend.String(dst, v.FieldText(f))
		var buf [2 * maxPath]byte
		switch f.In {
		case InBody, InForm:
			dst = append(dst, `,"pointer":`...)
			dst = jsonappend.String(dst, f.AppendPath(buf[:0], Pointer))
		case InHeader:
			dst = append(dst, `,"header":`...)
			dst = jsonappend.String(dst, f.AppendPath(buf[:0], Brackets))
		default:
			dst = append(dst, `,"parameter":`...)
			dst = jsonappend.String(dst, f.AppendPath(buf[:0], Brackets))
		}
		dst = append(dst, '}')
	}
	if len(v.Fields) > 0 {
		dst = append(dst, ']')
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
		dst = append(jsonappend.String(append(dst, ','), d.Name), ':')
		dst = append(dst, d.Value...)
	}
	return append(dst, '}'), nil
}
