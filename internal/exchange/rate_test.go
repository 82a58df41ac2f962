package exchange_test

import (
	"net/http/httptest"
	"testing"

	"github.com/backstop-go/backstop/internal/exchange"
)

func TestRate_Binds(t *testing.T) {
	// From the one that binds most to the one that binds least.
	ranked := []exchange.Rate{
		{RetryAfter: 9, Remaining: 5},
		{RetryAfter: 3},
		{RetryAfter: 3, Remaining: 1},
		{Allowed: true, Remaining: 0, ResetAfter: 1},
		{Allowed: true, Remaining: 2, ResetAfter: 9},
		{Allowed: true, Remaining: 2, ResetAfter: 5, RetryAfter: 9}, // of a peek: not a wait
		{Allowed: true, Remaining: 2, ResetAfter: 4},
		{Allowed: true, Unknown: true},
	}
	for i := range ranked {
		for j := range ranked {
			if got := ranked[i].Binds(&ranked[j]); got != (i < j) {
				t.Errorf("%+v binds more than %+v = %t, want %t", ranked[i], ranked[j], got, i < j)
			}
		}
	}
}

func TestExchange_BindingRate(t *testing.T) {
	x, _, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if got := x.BindingRate(); got != nil {
		t.Errorf("BindingRate of no decision = %+v, want nil", got)
	}
	outer := &exchange.Rate{Allowed: true, Remaining: 2}
	middle := &exchange.Rate{Allowed: true, Remaining: 7}
	inner := &exchange.Rate{Allowed: true, Remaining: 2}
	for _, r := range []*exchange.Rate{outer, middle, inner} {
		x.AddRate(r)
		if got := x.BindingRate(); got != outer {
			t.Errorf("BindingRate after %+v = %+v, want the outermost of the tightest", r, got)
		}
	}
	if inner.Outer() != middle || middle.Outer() != outer || outer.Outer() != nil {
		t.Error("the decisions are not chained from the inside out")
	}
	var none *exchange.Exchange
	none.AddRate(outer)
	if got := none.BindingRate(); got != nil {
		t.Errorf("BindingRate outside an exchange = %+v, want nil", got)
	}
}
