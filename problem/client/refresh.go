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

// refreshes reports whether a 401 is a matter of credentials that can be
// replaced.
func (t *Transport) refreshes() bool {
	return t.cfg.Refresh != nil && t.cfg.Style.Advice.Refresh
}

// mayRefresh reports whether the answer to a request is a 401 that another
// credential may change. A request that came without Authorization stays so:
// after a redirect to another host net/http has removed it on purpose.
func (c *call) mayRefresh(a *attempt) bool {
	ctx := c.r.Context()
	return a.resp != nil && a.resp.StatusCode == http.StatusUnauthorized && c.t.refreshes() &&
		c.authorization == "" && a.sent.Header.Get("Authorization") != "" && hasReplay(c.r) &&
		!isOnce(ctx) && ctx.Value(flightKey{}) == nil
}

// replay sends a rejected request once more, with a new credential. If there is
// none it hands out the first answer. The method does not matter, because
// nothing was done.
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

// refresher replaces rejected credentials, each one time.
type refresher struct {
	refresh func(context.Context, string) (string, error)
	most    time.Duration // that a flight takes

	mu       sync.Mutex
	flights  map[credential]*flight
	rejected credential // the last one that was replaced
	replaced string     // by this; "" means that none was
}

// credential is a value of Authorization, hashed: nobody else's may be taken for
// it, since the successor of one is sent in the place of the other.
type credential [sha256.Size]byte

// flight is a call of Refresh. Its result may be read when done is closed.
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

// get returns the successor of a rejected credential. All that ask for one
// credential at a time share one flight, which does not end with the caller that
// began it; and who comes late is given what the flight has brought.
func (r *refresher) get(ctx context.Context, rejected string) (string, error) {
	key := credential(sha256.Sum256([]byte(rejected)))
	r.mu.Lock()
	if r.replaced != "" && r.rejected == key {
		defer r.mu.Unlock()
		return r.replaced, nil
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

// fly calls Refresh. Those who wait are told when the time is over, also by a
// Refresh that does not mind its context; until that returns, nobody calls it
// for this credential again.
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
			r.rejected, r.replaced = key, value
		}
		f.land(value, err)
	}()
	value, err = r.call(ctx, rejected)
}

// call calls Refresh, and makes an error of whatever is not a new credential.
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

// forget drops a successor that was rejected as well. Otherwise a caller that
// never learns of new credentials would be given this one for ever.
func (r *refresher) forget(rejected, replaced string) {
	key := credential(sha256.Sum256([]byte(rejected)))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rejected == key && r.replaced == replaced {
		r.replaced = ""
	}
}
