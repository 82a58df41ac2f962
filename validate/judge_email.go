package validate

import (
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// emailRule is validator's email rule behind a shortcut: the rule itself parses
// the address and then runs a large expression over it, which took two thirds
// of the time of a registration's rules.
func emailRule(fl validator.FieldLevel) bool {
	text := fl.Field().String()
	if len(text) > maxEmail {
		return false
	}
	if ok, sure := isEmail(text); sure {
		return ok
	}
	return plainValidator().Var(text, "email") == nil
}

// maxEmail is the longest address there can be: 64 bytes, an @ and 255 bytes, by
// RFC 5321, section 4.5.3.1.
const maxEmail = 320

var plainValidator = sync.OnceValue(func() *validator.Validate { return validator.New() })

// isEmail decides for what nearly everybody sends: letters, digits and the
// signs of RFC 5322 in words with dots between them, before an @ and a host
// name. Without an @ nothing is an address. All else it leaves to the rule.
func isEmail(text string) (ok, sure bool) {
	local, domain, found := strings.Cut(text, "@")
	if !found {
		return false, true
	}
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	ok = areWords(local, isAtext) && areWords(domain, isHost) &&
		len(top) < len(domain) && isLetter(top[0]) && isLetter(top[len(top)-1]) &&
		domain[0] != '-' && !strings.Contains(domain, "-.") && !strings.Contains(domain, ".-")
	return ok, ok
}

// areWords reports whether s is made of words of such bytes, with a dot between
// each two.
func areWords(s string, is func(byte) bool) bool {
	dot := true // before the first word
	for i := range len(s) {
		c := s[i]
		if c == '.' && dot || c != '.' && !is(c) {
			return false
		}
		dot = c == '.'
	}
	return !dot
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isHost(c byte) bool { return isLetter(c) || '0' <= c && c <= '9' || c == '-' }

// isAtext is the atext of RFC 5322, section 3.2.3.
func isAtext(c byte) bool { return isHost(c) || strings.IndexByte("!#$%&'*+/=?^_`{|}~", c) >= 0 }
