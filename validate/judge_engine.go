package validate

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// newEngine returns an engine with the rules of this package and of the Config.
func (v *Validator) newEngine() *validator.Validate {
	e := validator.New(validator.WithRequiredStructEnabled())
	e.SetTagName(v.cfg.TagName)
	_ = e.RegisterValidation("notblank", notBlank)
	_ = e.RegisterValidation("email", emailRule)
	for _, version := range []string{"uuid3", "uuid4", "uuid5", "uuid7"} {
		_ = e.RegisterValidation(version, uuidRule(version))
	}
	for name, rule := range v.cfg.Rules {
		_ = e.RegisterValidationCtx(name, rule.Check)
	}
	for name, tags := range v.cfg.Aliases {
		e.RegisterAlias(name, tags)
	}
	return e
}

// uuidRule is validator's rule of that name for digits in upper and lower case. RFC
// 9562, section 4, wants readers to accept both; validator does so only for "uuid".
func uuidRule(name string) validator.Func {
	return func(fl validator.FieldLevel) bool {
		v := fl.Field()
		text := v.String()
		if s, ok := v.Interface().(fmt.Stringer); ok && v.Kind() != reflect.String {
			text = s.String()
		}
		return len(text) == len("00000000-0000-0000-0000-000000000000") && plainValidator().Var(strings.ToLower(text), name) == nil
	}
}

// notBlank refuses strings of white space, empty lists and maps, and zero values.
func notBlank(fl validator.FieldLevel) bool {
	switch v := fl.Field(); v.Kind() {
	case reflect.String:
		return strings.TrimSpace(v.String()) != ""
	case reflect.Slice, reflect.Map, reflect.Array:
		return v.Len() > 0
	default:
		return !v.IsZero()
	}
}

// emailRule is validator's email rule with a shortcut for usual addresses. The rule of
// validator parses the address and then matches a large regular expression, which took
// two thirds of the time of a registration's rules.
func emailRule(fl validator.FieldLevel) bool {
	text := fl.Field().String()
	if len(text) > maxEmail {
		return false
	}
	ok, sure := isEmail(text)
	return ok || !sure && plainValidator().Var(text, "email") == nil
}

// maxEmail is the length of the longest address: 64 bytes, an @ and 255 bytes, see RFC
// 5321, section 4.5.3.1.
const maxEmail = 320

var plainValidator = sync.OnceValue(func() *validator.Validate { return validator.New() })

// isEmail decides about usual addresses: letters, digits and the signs of RFC 5322,
// section 3.2.3, in words with single dots between them, then an @ and a host name. A
// text without an @ is not an address. For all other texts sure is false, and the rule
// of validator decides.
func isEmail(text string) (ok, sure bool) {
	at := strings.IndexByte(text, '@')
	if at < 0 {
		return false, true
	}
	last := byte('.')
	for i := range len(text) {
		c := text[i]
		switch {
		case isLetter(c), '0' <= c && c <= '9', i < at && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0:
		case c != '.' && c != '-' && i != at, last == '.', last == '@', last == '-' && i != at:
			return false, false
		}
		last = c
	}
	top := strings.LastIndexByte(text, '.') + 1
	ok = top > at+1 && isLetter(last) && isLetter(text[top])
	return ok, ok
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
