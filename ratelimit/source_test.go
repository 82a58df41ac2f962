package ratelimit_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// Limiters relies on behaviour that x/time/rate does not document. v0.16.0 has it. This test
// fails if a later version changes it.
func TestXTimeRate_v0_16_0(t *testing.T) {
	at := time.Unix(1, 0)
	b := rate.NewLimiter(1, 5)
	b.AllowN(at, 4)
	if b.ReserveN(at, -2); b.TokensAt(at) != 3 {
		t.Errorf("ReserveN(-2) of 1 token leaves %v, want 3, because a refund is exact", b.TokensAt(at))
	}
	if b.ReserveN(at, -9); b.TokensAt(at) != 5 {
		t.Errorf("ReserveN(-9) of 3 tokens leaves %v, want the burst of 5", b.TokensAt(at))
	}
	if b.AllowN(at, 5); b.TokensAt(at) != 0 || b.AllowN(at, 1) {
		t.Errorf("AllowN(5) after a capped refund leaves %v, want 0", b.TokensAt(at))
	}
	if b.ReserveN(at, 3).OK(); b.TokensAt(at) != -3 {
		t.Errorf("ReserveN(3) of 0 tokens leaves %v, want a debt of 3", b.TokensAt(at))
	}
	if b.ReserveN(at, -1); b.TokensAt(at) != -2 {
		t.Errorf("ReserveN(-1) of a debt leaves %v, want -2", b.TokensAt(at))
	}
	if b.SetBurstAt(at, 100); !b.ReserveN(at, 100).OK() || b.TokensAt(at) != -102 {
		t.Errorf("ReserveN(100) of a raised burst leaves %v, want -102", b.TokensAt(at))
	}
	third := rate.NewLimiter(3, 1)
	third.AllowN(at, 1)
	if !third.AllowN(at.Add(time.Second/3), 1) {
		t.Errorf("AllowN a third of a nanosecond early = refused, want allowed")
	}
	if b.TokensAt(at.Add(-time.Hour)) > 0 {
		t.Errorf("TokensAt of a time in the past adds tokens")
	}
}

// The package must call only methods of rate.Limiter that take a time. Two methods that read the
// clock themselves read two different times, and Cancel does not give back all that was reserved.
func TestSource_usesNoClockOfXTimeRate(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		read++
		src, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{".Allow(", ".Tokens(", ".Reserve(", ".SetBurst(", ".SetLimit(", ".Cancel(", ".CancelAt(", ".Wait(", ".WaitN("} {
			if strings.Contains(string(src), method) {
				t.Errorf("%s calls %s, want methods that take a time only", e.Name(), method)
			}
		}
	}
	if read == 0 {
		t.Error("no source was read")
	}
}
