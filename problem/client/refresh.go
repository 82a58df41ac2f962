package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// refreshes reports whether a credential that got a 401 can be replaced.
func (t *Transport) refreshes() bool {
	return t.cfg.Refresh != nil && t.cfg.Style.Advice.Refresh
}

// mayRefresh reports whether the answer is a 401 and another credential may help. It
// may not if the request came without Authorization: after a redirect to another host
// net/http removes that header on purpose.
func (c *call) mayRefresh(a *attempt) bool {
	ctx := c.r.Context()
	return a.resp != nil && a.resp.StatusCode == http.StatusUnauthorized && c.t.refreshes() &&
		c.authorization == "" && a.sent.Header.Get("Authorization") != "" && hasReplay(c.r) &&
		!isOnce(ctx) && ctx.Value(flightKey{}) == nil
}

// replay sends a rejected request once more with a new credential. If there is none,
// the caller gets the first answer. Any method may be repeated, because the service has
// done nothing.
func (c *call) replay(a attempt) (attempt, error) {
	ctx := c.r.Context()
	rejected := a.sent.Header.Get("Authorization")
	authorization, err := c.t.refresh.get(ctx, rejected)
	if ctx.Err() != nil {
		drop(a.resp)
		return a, ctx.Err()
	}
	if err != nil {
		a.failed.err = errors.Join(a.failed.err, err)
		return a, nil
	}
	c.authorization = authorization
	out, err := c.clone()
	if err != nil {
		a.failed.err = errors.Join(a.failed.err, err)
		return a, nil
	}
	drop(a.resp)
	if err := c.t.admit(out); err != nil {
		return a, err
	}
	again := c.send(out)
	if again.resp != nil && again.resp.StatusCode == http.StatusUnauthorized {
		c.t.refresh.forget(rejected, authorization)
	}
	return again, nil
}

// refresher replaces rejected credentials, each of them once.
type refresher struct {
	refresh func(context.Context, string) (string, error)
	most    time.Duration // longest time of a flight

	mu        sync.Mutex
	flights   map[credential]*flight
	rejected  credential // the last one that was replaced
	successor string     // of rejected; "" means that none was replaced
}

// credential is the SHA-256 of a value of Authorization. The hash must not collide: a
// caller would be given the new credential of somebody else.
type credential [sha256.Size]byte

// flight is a call of Refresh. Its result may be read after done is closed.
type flight struct {
	once  sync.Once
	done  chan struct{}
	value string
	err   error
}

func (f *flight) land(value string, err error) {
	f.once.Do(func() {
		f.value, f.err = value, err
		close(f.done)
	})
}

type flightKey struct{}

func (r *refresher) init(refresh func(context.Context, string) (string, error), most time.Duration) {
	r.refresh, r.most = refresh, most
	r.flights = make(map[credential]*flight)
}

// get returns the successor of a rejected credential. Callers with the same credential
// share one flight, which goes on when the caller that began it leaves. A caller that
// comes later gets the result of the last flight.
func (r *refresher) get(ctx context.Context, rejected string) (string, error) {
	key := credential(sha256.Sum256([]byte(rejected)))
	r.mu.Lock()
	if r.successor != "" && r.rejected == key {
		defer r.mu.Unlock()
		return r.successor, nil
	}
	f := r.flights[key]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		r.flights[key] = f
		go r.fly(context.WithoutCancel(ctx), f, key, rejected)
	}
	r.mu.Unlock()
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// fly calls Refresh. When the time is over, the waiting callers get an error, even if
// Refresh ignores its context. Until Refresh returns, it is not called again for this
// credential.
func (r *refresher) fly(ctx context.Context, f *flight, key credential, rejected string) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, flightKey{}, true), r.most)
	defer cancel()
	late := context.AfterFunc(ctx, func() { f.land("", fmt.Errorf("client: Refresh: %w", ctx.Err())) })
	defer late()
	value, err := "", errors.New("client: Refresh ended its goroutine")
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.flights, key)
		if err == nil {
			r.rejected, r.successor = key, value
		}
		f.land(value, err)
	}()
	value, err = r.call(ctx, rejected)
}

// call calls Refresh, and returns an error if the result is not a new credential.
func (r *refresher) call(ctx context.Context, rejected string) (value string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("client: panic in Refresh: %v", p)
		}
	}()
	switch value, err = r.refresh(ctx, rejected); {
	case err != nil:
		return "", fmt.Errorf("client: Refresh: %w", err)
	case value == "":
		return "", errors.New("client: Refresh returned no credential")
	case value == rejected:
		return "", errors.New("client: Refresh returned the credential that was rejected")
	}
	return value, nil
}

// forget drops a successor that was rejected as well. Otherwise a caller that always
// sends the old credential would be given this successor for ever.
func (r *refresher) forget(rejected, successor string) {
	key := credential(sha256.Sum256([]byte(rejected)))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rejected == key && r.successor == successor {
		r.successor = ""
	}
}
