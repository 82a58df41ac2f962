package ratelimit_test

import (
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/ratelimittest"
)

func newMemory(t testing.TB, maxKeys int) *ratelimit.Memory {
	t.Helper()
	m, err := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: maxKeys})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMemory_keepsTheContract(t *testing.T) {
	ratelimittest.Run(t, ratelimittest.Harness{
		New: func(t *testing.T) ratelimit.Store { return newMemory(t, 0) },
	})
}
