package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

var (
	// ErrNoScript is what a [Client] returns, wrapped or as it is, when the
	// server answers NOSCRIPT.
	ErrNoScript = errors.New("the server does not know the script")

	// ErrConnecting is what a [Client] returns, wrapped, when a call has not
	// been sent because there is no connection: the deadline came while one was
	// being set up, or that failed.
	ErrConnecting = errors.New("not connected")
)

const defaultConnect = 2 * time.Second

// setup is the context of a call that says how long setting up may take. It has
// no end: the call gets a deadline on top, and what outlives it has its own.
type setup struct {
	context.Context
	bound time.Duration
}

type setupKey struct{}

func (s setup) Value(key any) any {
	if key == (setupKey{}) {
		return s.bound
	}
	return s.Context.Value(key)
}

// ConnectTimeout is how long a [Client] may take to set up a connection for the
// call of ctx: [Config].Connect. That bound is not the deadline of ctx, which is
// for the question and its answer.
func ConnectTimeout(ctx context.Context) time.Duration {
	if bound, ok := ctx.Value(setupKey{}).(time.Duration); ok {
		return bound
	}
	return defaultConnect
}

// WrongNode reports whether an error reply means that another node is the primary
// now, or will be: that of a replica, or of a primary that has lost its replicas
// or begins anew. A [Client] gives the connection up then. Behind an address that
// follows the primary, the next connection leads to the right one.
func WrongNode(reply string) bool {
	for _, code := range []string{"READONLY ", "MASTERDOWN ", "LOADING ", "NOREPLICAS "} {
		// Before version 7, a script that fails wraps the reply to its command.
		if strings.HasPrefix(reply, code) || strings.Contains(reply, ": -"+code) {
			return true
		}
	}
	return false
}

// question is one call of a script.
type question struct {
	script *script
	keys   []string
	args   []int64
}

func (s *Store) question(tag string, limits []ratelimit.Limit) *question {
	sc := s.scriptFor(limits)
	keys := make([]string, len(limits))
	for i := range limits {
		keys[i] = s.redisKey(tag, limits[i].Policy)
	}
	return &question{sc, keys, s.args(sc, limits)}
}

// eval asks once, and a second time only after NOSCRIPT, which says for certain
// that the script did not run. Whatever else failed may have been executed.
func (s *Store) eval(ctx context.Context, q *question) ([]int64, error) {
	// A request that is given up must not cost a connection, nor count as an
	// outage, so only our own deadline ends the wait.
	base := setup{context.WithoutCancel(ctx), s.cfg.Connect}
	ctx, cancel := context.WithTimeout(base, s.cfg.Timeout)
	defer cancel()
	reply, err := s.cfg.Client.Eval(ctx, "EVALSHA", q.script.digest, q.keys, q.args)
	if errors.Is(err, ErrNoScript) {
		reply, err = s.load(ctx, base, q)
	}
	switch {
	case err == nil:
		return reply, nil
	case errors.Is(err, ErrConnecting):
		return nil, fmt.Errorf("redisstore: connecting: %w", err)
	default:
		return nil, fmt.Errorf("redisstore: asking: %w", err)
	}
}

// load asks with the script itself, which the server then knows. That is part of
// setting up: it goes on when the call has no time left to wait for it.
func (s *Store) load(ctx context.Context, base setup, q *question) ([]int64, error) {
	type answer struct {
		reply []int64
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		a := answer{err: errUnfinished}
		defer func() {
			if v := recover(); v != nil { // nobody above could catch it
				a = answer{err: fmt.Errorf("%w: %v", errUnfinished, v)}
			}
			answered <- a
		}()
		ctx, cancel := context.WithTimeout(base, base.bound)
		defer cancel()
		a.reply, a.err = s.cfg.Client.Eval(ctx, "EVAL", q.script.source, q.keys, q.args)
	}()
	select {
	case a := <-answered:
		return a.reply, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: the script is being loaded: %w", ErrConnecting, ctx.Err())
	}
}
