package exchange_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/exchange"
)

func TestRatesAreAChain(t *testing.T) {
	x, _, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if got := x.LastRate(); got != nil || got.Shown() != 0 {
		t.Errorf("LastRate of no decision = %+v, want nil, shown nowhere", got)
	}
	outer, middle, inner := &exchange.Rate{Families: 1}, &exchange.Rate{}, &exchange.Rate{Families: 6}
	for _, r := range []*exchange.Rate{outer, middle, inner} {
		x.AddRate(r)
		if got := x.LastRate(); got != r {
			t.Errorf("LastRate after %+v = %+v, want the same", r, got)
		}
	}
	if inner.Outer() != middle || middle.Outer() != outer || outer.Outer() != nil {
		t.Error("the decisions are not chained from the inside out")
	}
	if inner.Shown() != 7 || middle.Shown() != 1 {
		t.Errorf("Shown = %d and %d, want those of the outer ones, too: 7 and 1", inner.Shown(), middle.Shown())
	}
	var none *exchange.Exchange
	none.AddRate(outer)
	if got := none.LastRate(); got != nil {
		t.Errorf("LastRate outside an exchange = %+v, want nil", got)
	}
}

// A proxy passes on the numbers of another service's limiter beside ours. One set
// is left, of the limiter that binds more.
func TestNumbersOfTwoLimitersAreMadeOneSet(t *testing.T) {
	set := func(limit, remaining, reset string) []string { return []string{limit, remaining, reset} }
	for _, c := range []struct {
		name         string
		ours, theirs []string
		want         []string
	}{
		{"fewer units of ours", set("60", "3", "100"), set("10", "7", "90"), set("60", "3", "100")},
		{"fewer units of theirs", set("60", "9", "100"), set("10", "7", "90"), set("10", "7", "90")},
		{"as many, and a longer way of theirs", set("60", "7", "100"), set("10", "7", "190"), set("10", "7", "190")},
		{"as many, and as long", set("60", "7", "100"), set("10", "7", "100"), set("60", "7", "100")},
		{"theirs cannot be read", set("60", "9", "100"), set("10", "few", "90"), set("60", "9", "100")},
		{"theirs is below nothing", set("60", "9", "100"), set("10", "-1", "90"), set("60", "9", "100")},
		{"theirs says less, and binds", set("60", "9", "100"), set("", "7", ""), set("", "7", "")},
		{"theirs says less, and does not", set("60", "9", "100"), set("10", "", ""), set("60", "9", "100")},
		{"theirs alone", set("", "", ""), set("10", "7", "90"), set("10", "7", "90")},
		{"ours alone", set("60", "9", "100"), set("", "", ""), set("60", "9", "100")},
	} {
		for i, family := range []string{"X-Ratelimit-", "Ratelimit-"} {
			beneath := httptest.NewRecorder()
			x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
			x.AddRate(&exchange.Rate{Families: 1 << i})
			for i, name := range []string{"Limit", "Remaining", "Reset"} {
				for _, value := range []string{c.ours[i], c.theirs[i]} {
					if value != "" {
						w.Header().Add(family+name, value)
					}
				}
			}
			w.WriteHeader(200)
			for i, name := range []string{"Limit", "Remaining", "Reset"} {
				lines := beneath.Result().Header[family+name]
				if got := strings.Join(lines, " and "); got != c.want[i] {
					t.Errorf("%s: %s%s = %q, want %q", c.name, family, name, got, c.want[i])
				}
			}
		}
	}
}
