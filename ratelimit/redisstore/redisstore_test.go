package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

func TestNewNamesAllFaultsAtOnce(t *testing.T) {
	_, err := redisstore.New(redisstore.Config{
		Prefix:  "shop{1}",
		Secret:  []byte("short-secret"),
		Timeout: -time.Second,
		Connect: -time.Minute,
		Mode:    9,
		Nodes:   -1,
	})
	if err == nil {
		t.Fatal("New = nil, want an error")
	}
	for _, want := range []string{
		"Client is required", `prefix "shop{1}"`, "secret of 12 bytes", "timeout -1s", "connect timeout -1m0s", "mode 9", "nodes of -1",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want it to mention %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "short-secret") {
		t.Errorf("New = %v, which tells the secret", err)
	}
}

func TestNewChecksThePrefix(t *testing.T) {
	for prefix, ok := range map[string]bool{
		"":                      true,
		"shop:":                 true,
		strings.Repeat("x", 64): true,
		strings.Repeat("x", 65): false,
		"a b":                   false,
		"a\x00":                 false,
		"a\x7f":                 false,
		"ä":                     false,
		"{":                     false,
		"}":                     false,
	} {
		if _, err := redisstore.New(redisstore.Config{Client: &server{}, Prefix: prefix}); (err == nil) != ok {
			t.Errorf("New with prefix %q = %v, want ok %v", prefix, err, ok)
		}
	}
}

// New asks nobody, so a service starts while Redis is down.
func TestNewMakesNoCall(t *testing.T) {
	srv := &server{}
	newStore(t, redisstore.Config{Client: srv})
	if srv.count() > 0 {
		t.Error("New has asked the server")
	}
}

// The caller may wipe or change what he has passed.
func TestNewCopiesTheSecret(t *testing.T) {
	secret := []byte("0123456789abcdef")
	spy := &keySpy{Client: &server{}}
	s := newStore(t, redisstore.Config{Client: spy, Secret: secret})
	take(t, s, ann)
	before := spy.key
	clear(secret)
	take(t, s, ann)
	if spy.key != before {
		t.Error("the Redis key changed with the caller's secret")
	}
}
