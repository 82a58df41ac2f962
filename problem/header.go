package problem

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxHeader is the number of fields that a map holds before it grows. Growing costs
// more than all else in Describe.
const maxHeader = 8

// maxImplied is the length up to which net/http sets the Content-Length by itself.
//
// https://pkg.go.dev/net/http#ResponseWriter
const maxImplied = 2 << 10

// Describe removes the fields that describe another body, and sets those of ours.
//
// Keys are canonical and assigned directly, and one array holds all values. A value
// has the capacity 1, so that [http.Header.Add] copies it.
func (f *failure) Describe(h http.Header) {
	v, s := &f.view, make([]string, 0, 5)
	set := func(key, value string) {
		s = append(s, value)
		h[key] = s[len(s)-1 : len(s) : len(s)]
	}
	f.scrub(h)
	if lines := h["Allow"]; lines != nil {
		h["Allow"] = allowed(lines)
	}
	if f.r.ProtoMajor < 2 && f.tooLong() {
		h["Connection"] = []string{"close"} // the rest of the request is still to come
	}
	if v.Kind != ClientClosed {
		set("Content-Type", f.p.style.ContentType)
		set("Cache-Control", "no-store")
		if f.marks == nil { // else another goroutine may be comparing them
			f.marks = s
		}
		set("X-Content-Type-Options", "nosniff")
		if v.RetryAfter > 0 {
			set("Retry-After", decimal(v.RetryAfter))
		}
		if v.Status == http.StatusMethodNotAllowed && h["Allow"] == nil {
			set("Allow", "") // required, and no method is known to be allowed
		}
		if challenge := f.p.challengeFor(v); challenge != "" && h["Www-Authenticate"] == nil {
			set("Www-Authenticate", challenge)
		}
	}
	if len(h) < maxHeader || v.Status >= 500 || len(f.body) > maxImplied || f.r.Method == http.MethodHead {
		set("Content-Length", decimal(len(f.body)))
	}
}

// Describes reports whether an answer with the header h and that status looks like f, and
// whether it may be f. Writers in between may copy the fields that Describe has made, or
// their text, and may change one of them: http.Error leaves only the Cache-Control.
func (f *failure) Describes(h http.Header, status int) (is, may bool) {
	if f.marks == nil { // a client that left has no body
		return status == f.view.Status, false
	}
	kind, cached, length := h["Content-Type"], h["Cache-Control"], h["Content-Length"]
	if len(kind) == 1 && &kind[0] == &f.marks[0] || len(cached) == 1 && &cached[0] == &f.marks[1] {
		return true, true
	}
	may = h.Get("Content-Type") == f.marks[0]
	return may && status == f.view.Status && len(cached) == 1 && cached[0] == f.marks[1] &&
		(length == nil || len(length) == 1 && length[0] == strconv.Itoa(len(f.body))), may
}

// scrub removes the fields that must not survive an error.
func (f *failure) scrub(h http.Header) {
	for _, line := range h["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for key := range h {
		name := http.CanonicalHeaderKey(key)
		if isStale(name, f.view.Status) || f.hidden && (name == "Www-Authenticate" || name == "Retry-After") { // they would tell a 403 from a 404
			delete(h, key)
		}
	}
	if lines := h["Connection"]; lines != nil && h["Upgrade"] == nil {
		rest := slices.DeleteFunc(strings.Split(strings.Join(lines, ","), ","), func(option string) bool {
			return strings.EqualFold(strings.TrimSpace(option), "Upgrade") // which speaks of the field that is gone
		})
		if delete(h, "Connection"); len(rest) > 0 {
			h["Connection"] = []string{strings.Join(rest, ",")}
		}
	}
}

// isStale reports whether a field describes the body that is not sent, tells a cache to
// keep it, or tells a proxy to send another body in its place. All other fields stay,
// such as Allow, Vary, Link, cookies, and the fields of CORS, security, rate limits and
// request IDs.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-8
// https://www.rfc-editor.org/rfc/rfc9213
func isStale(name string, status int) bool {
	switch name {
	case "Content-Encoding":
		return false // see exchange: a compressor that stands further out has set it
	case "Content-Range":
		return status != http.StatusRequestedRangeNotSatisfiable
	case "Upgrade", "Sec-Websocket-Version": // a 426 must say what to upgrade to
		return status != http.StatusUpgradeRequired
	case "Content-Security-Policy", "Content-Security-Policy-Report-Only":
		return false
	case "Digest", "Repr-Digest", "Unencoded-Digest", "Signature", "Signature-Input", "Transfer-Encoding", "Trailer",
		"Etag", "Last-Modified", "Accept-Ranges", "Memento-Datetime", "Delta-Base", "Im", "Use-As-Dictionary", "Sourcemap", "X-Sourcemap",
		"Expires", "Age", "Pragma", "Surrogate-Control", "Edge-Control",
		"Location", "Refresh", "X-Litespeed-Location":
		return true
	}
	return strings.HasSuffix(name, "Cache-Control") || slices.ContainsFunc(stalePrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

var stalePrefixes = []string{
	"Content-", http.TrailerPrefix, "Sec-Websocket-", "X-Accel-", "X-Sendfile", "X-Lighttpd-Send-", "X-Reproxy-",
}

// allowed makes one line of all methods, sorted and without duplicates: routers add
// lines in the order of a map.
func allowed(lines []string) []string {
	var methods []string
	for _, line := range lines {
		for method := range strings.SplitSeq(line, ",") {
			if method = strings.TrimSpace(method); method != "" {
				methods = append(methods, method)
			}
		}
	}
	slices.Sort(methods)
	return []string{strings.Join(slices.Compact(methods), ", ")}
}

// threeDigits holds the numbers from 100 to 999 in a row, so that decimal needs no
// allocation for the length of nearly every body.
var threeDigits = func() string {
	var b []byte
	for n := 100; n < 1000; n++ {
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return string(b)
}()

func decimal(n int) string {
	if i := 3 * (n - 100); i >= 0 && i < len(threeDigits) {
		return threeDigits[i : i+3]
	}
	return strconv.Itoa(n)
}

// tooLong reports whether the client has more to send than we read. net/http does not
// know that if another writer hides its own.
func (f *failure) tooLong() bool {
	if f.err.Kind() != PayloadTooLarge || f.err.cause == nil {
		return false
	}
	_, ok := as[*http.MaxBytesError](f.err.cause)
	return ok
}

// retryAfter reads the Retry-After that a handler has set, if it is a number. A date
// stays in the header, but no body shows it.
func retryAfter(h http.Header) int {
	v := h["Retry-After"]
	if len(v) != 1 {
		return 0
	}
	n, _ := strconv.Atoi(v[0])
	return seconds(secondsOf(int64(n)))
}
