package problem

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/internal/jsonappend"
)

const maxDebug = 8 << 10 // bytes of a stack, and of a body

// DebugLoopback is a Config.Debug that trusts callers on this machine: the peer
// is a loopback address, and no header says that the request was forwarded,
// because behind a local proxy every peer is loopback.
func DebugLoopback(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		if r.Header[name] != nil {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// watch asks the debug gate, and if it opens keeps the begin of the body.
func (p *Responder) watch(x *exchange.Exchange, r *http.Request) *http.Request {
	if p.cfg.Debug == nil {
		return r
	}
	if v := r.Header["X-Debug"]; len(v) != 1 || !strings.EqualFold(v[0], "true") || !p.cfg.Debug(r) {
		return r
	}
	c := &capture{p: p}
	if r.Body != nil && r.Body != http.NoBody {
		c.ReadCloser = r.Body
		r = r.WithContext(r.Context()) // a copy: the body of the original stays
		r.Body = c
	}
	x.EditExtra(func(e *exchange.Extra) { e.Debug = c })
	return r
}

// capture is a request body that remembers what was read of it.
type capture struct {
	io.ReadCloser
	p *Responder

	mu   sync.Mutex
	buf  []byte
	over bool // more was read than is kept
}

func (c *capture) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.buf)+n > maxDebug {
		c.buf, c.over = nil, true
	}
	if !c.over {
		c.buf = append(c.buf, b[:n]...)
	}
	return n, err
}

// debug returns the debug block of an exchange whose gate p has opened.
func (p *Responder) debug(x *exchange.Exchange, e *Error) *Debug {
	if p.cfg.Debug == nil {
		return nil
	}
	c, _ := x.Extra().Debug.(*capture)
	if c == nil || c.p != p {
		return nil
	}
	d := &Debug{}
	if s := stackOf(e); s != nil {
		d.Stack = cutText(s.Stack(), maxDebug)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.buf) > 0 && json.Valid(c.buf) {
		d.Body = p.redacted(c.buf)
	}
	return d
}

var (
	secretParts = []string{
		"password", "passwd", "secret", "token", "authorization", "credential", "apikey",
		"cookie", "session", "privatekey", "cardnumber",
	}
	secretNames = []string{"pin", "otp", "cvv", "iban", "ssn"}
)

func redactedNames(more []string) []string {
	names := append([]string(nil), secretNames...)
	for _, name := range more {
		names = append(names, plainName(name))
	}
	return names
}

var plainNames = strings.NewReplacer("-", "", "_", "")

func plainName(name string) string { return plainNames.Replace(strings.ToLower(name)) }

func (p *Responder) isSecretName(name string) bool {
	name = plainName(name)
	for _, part := range secretParts {
		if strings.Contains(name, part) {
			return true
		}
	}
	for _, n := range p.redact {
		if n == name {
			return true
		}
	}
	return false
}

const redactedText = `"[REDACTED]"`

// redacted returns a JSON text without the values that look like secrets, by
// the name of their member or by themselves.
func (p *Responder) redacted(body []byte) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	out, err := p.redactValue(nil, dec)
	if err != nil {
		return nil
	}
	return out
}

func (p *Responder) redactValue(dst []byte, dec *json.Decoder) ([]byte, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return appendScalar(dst, token)
	}
	dst = append(dst, byte(delim))
	for i := 0; dec.More(); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		if delim == '{' {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			dst = append(jsonappend.String(dst, name.(string)), ':')
			if p.isSecretName(name.(string)) {
				var skipped json.RawMessage
				if err := dec.Decode(&skipped); err != nil {
					return nil, err
				}
				dst = append(dst, redactedText...)
				continue
			}
		}
		if dst, err = p.redactValue(dst, dec); err != nil {
			return nil, err
		}
	}
	end, err := dec.Token()
	if err != nil {
		return nil, err
	}
	return append(dst, byte(end.(json.Delim))), nil
}

func appendScalar(dst []byte, token json.Token) ([]byte, error) {
	switch v := token.(type) {
	case string:
		if isSecretValue(v) {
			return append(dst, redactedText...), nil
		}
		return jsonappend.String(dst, v), nil
	case json.Number:
		if isCardNumber(string(v)) {
			return append(dst, redactedText...), nil
		}
		return append(dst, v...), nil
	}
	return AppendJSON(dst, token) // true, false, null
}

// isSecretValue knows secrets that stand where their name does not tell: JWTs,
// PEM blocks, keys with a usual prefix, card numbers.
func isSecretValue(s string) bool {
	switch {
	case strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2:
		return true
	case strings.Contains(s, "-----BEGIN "):
		return true
	case strings.HasPrefix(s, "sk_"), strings.HasPrefix(s, "pk_"):
		return true
	}
	return isCardNumber(s)
}

// isCardNumber reports whether s is 13 to 19 digits, perhaps in groups, whose
// Luhn sum is right.
func isCardNumber(s string) bool {
	sum, n := 0, 0
	for i := len(s) - 1; i >= 0; i-- {
		c := s[i]
		if c == ' ' || c == '-' {
			continue
		}
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if n++; n%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return 13 <= n && n <= 19 && sum%10 == 0
}
