package problem

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
)

// A value is a secret if the name of its member contains one of secretParts, or
// is one of secretNames or of Config.Redact. Case, "-" and "_" do not count.
var (
	secretParts = []string{
		"password", "passwd", "secret", "token", "authorization", "credential", "apikey",
		"cookie", "session", "privatekey", "cardnumber",
	}
	secretNames = []string{"pin", "otp", "cvv", "iban", "ssn"}
)

func redactedNames(more []string) []string {
	names := slices.Clone(secretNames)
	for _, name := range more {
		names = append(names, plainName(name))
	}
	return names
}

var plainNames = strings.NewReplacer("-", "", "_", "")

// plainName goes through upper case, which folds what lower case alone does not:
// encoding/json takes "paſſword" for "password".
func plainName(name string) string {
	return plainNames.Replace(strings.ToLower(strings.ToUpper(name)))
}

func (p *Responder) isSecretName(name string) bool {
	name = plainName(name)
	return slices.Contains(p.redact, name) ||
		slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(name, part) })
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

// isSecretValue knows secrets that stand where their name does not tell: PEM
// blocks, card numbers, and among the words of a text JWTs and keys with a usual
// prefix.
func isSecretValue(s string) bool {
	if strings.Contains(s, "-----BEGIN ") || isCardNumber(s) {
		return true
	}
	for word := range strings.FieldsSeq(s) {
		if strings.HasPrefix(word, "eyJ") && strings.Count(word, ".") >= 2 ||
			strings.HasPrefix(word, "sk_") || strings.HasPrefix(word, "pk_") {
			return true
		}
	}
	return false
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
