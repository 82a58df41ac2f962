package validate_test

import (
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/validate"
)

var addresses = []string{
	"a@b.co", "first.last+tag@sub.example.com", "o'brien!#$%&*/=?^_`{|}~-@x-y.museum", "1@1.a1a", "a@b.c", "a@1.com", // the shortcut accepts these six
	"a", "@", "a@", "@b.co", "a@b", "a@b.", ".a@b.co", "a.@b.co", "a..b@c.de", "a@-b.co", "a@b-.co", "a@b.-co", "a@b.c1", "a@b.1c", "a@b..co",
	"a@b.co.", "a b@c.de", "a@b@c.de", "é@b.co", "a@é.co", `"a b"@c.de`, "a@[1.2.3.4]", "a@b_c.de", "<a@b.co>", "A <a@b.co>", "a@b.co ", " a@b.co", "a@b~c.de", "a@b.c-d", "",
	"a\x00@b.co", "a@b.co\n", "a@b.c--d", "a@b--c.de", "(c)a@b.co", "a@xn--nxasmq6b.com",
}

func FuzzEmail(f *testing.F) {
	for _, address := range addresses {
		f.Add(address)
	}
	rule := validator.New()
	// The shortcut never differs from the rule.
	f.Fuzz(func(t *testing.T, address string) {
		ok, sure := validate.IsEmail(address)
		if want := rule.Var(address, "email") == nil; sure && ok != want {
			t.Errorf("the shortcut says %v to %q, want %v as the rule", ok, address, want)
		}
	})
}

func TestEmailShortcutIsTaken(t *testing.T) {
	for _, address := range addresses[:6] {
		if ok, sure := validate.IsEmail(address); !ok || !sure {
			t.Errorf("IsEmail(%q) = %v, %v, want true, true", address, ok, sure)
		}
	}
}
