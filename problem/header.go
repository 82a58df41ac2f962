package problem

import (
	"net/http"
	"strconv"
	"strings"
)

// setHeader removes what described another body, and describes ours. With
// identity, nobody will encode what we write.
//
// Keys are canonical and assigned directly, and one array holds all values. A
// value has the capacity 1, so that Add copies it.
func (f *failure) setHeader(h http.Header, length int, identity bool) {
	v, s := &f.view, make([]string, 0, 5)
	set := func(key, value string) {
		s = append(s, value)
		h[key] = s[len(s)-1 : len(s) : len(s)]
	}
	for key := range h {
		if strings.HasPrefix(key, "X-") {
			continue // most of what stands here, and nothing that we look for
		}
		name := http.CanonicalHeaderKey(key)
		switch {
		case isStale(name, v.Status),
			identity && name == "Content-Encoding",
			f.hidden && (name == "Www-Authenticate" || name == "Retry-After"): // they would tell a 403 from a 404
			delete(h, key)
		}
	}
	set("Content-Length", strconv.Itoa(length))
	if v.Kind == ClientClosed {
		return
	}
	set("Content-Type", f.p.style.ContentType)
	set("Cache-Control", "no-store")
	set("X-Content-Type-Options", "nosniff")
	if v.RetryAfter > 0 {
		set("Retry-After", strconv.Itoa(v.RetryAfter))
	}
	if v.Status == http.StatusMethodNotAllowed && h["Allow"] == nil {
		set("Allow", "") // required, and no method is known to be allowed
	}
	if challenge := f.p.challengeFor(v); challenge != "" && h["Www-Authenticate"] == nil {
		set("Www-Authenticate", challenge)
	}
}

// isStale reports whether a header described the body that is not sent. All
// else stays: Allow, Vary, Link, cookies, and the headers of CORS, security,
// rates and IDs.
func isStale(name string, status int) bool {
	switch name {
	case "Content-Length", "Content-Type", "Content-Disposition", "Content-Language", "Content-Location",
		"Content-Md5", "Content-Digest", "Repr-Digest", "Digest", "Transfer-Encoding", "Trailer",
		"Etag", "Last-Modified", "Cache-Control", "Expires", "Age", "Accept-Ranges", "Location", "Refresh":
		return true
	case "Content-Range":
		return status != http.StatusRequestedRangeNotSatisfiable
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// retryAfter reads a delay that somebody has put on the writer. A date is left
// alone: no body can print it.
func retryAfter(h http.Header) int {
	v := h["Retry-After"]
	if len(v) != 1 {
		return 0
	}
	n, _ := strconv.Atoi(v[0])
	return seconds(secondsOf(int64(n)))
}
