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
	// ErrNoScript says that the server has answered NOSCRIPT. A [Client] returns it,
	// wrapped or not.
	ErrNoScript = errors.New("the server does not know the script")

	// ErrConnecting says that a call was not sent, because there was no connection:
	// setting it up failed, or took longer than the deadline of the call. A [Client]
	// returns it wrapped around the cause.
	ErrConnecting = errors.New("not connected")
)

const defaultConnect = 2 * time.Second

// setup is a context that carries [Config.Connect] to the [Client]. It has no
// deadline: the call and what outlives the call get deadlines of their own.
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

// ConnectTimeout returns how long a [Client] may take to set up a connection:
// [Config.Connect]. The deadline of ctx, which bounds the command and its reply, is
// usually shorter.
func ConnectTimeout(ctx context.Context) time.Duration {
	if bound, ok := ctx.Value(setupKey{}).(time.Duration); ok {
		return bound
	}
	return defaultConnect
}

// WrongNode reports whether an error reply means that another node is the primary
// now, or soon will be: the reply of a replica, of a primary that has lost its
// replicas, or of a server that still loads its data. A [Client] then closes the
// connection. Where an address follows the primary, the next connection leads to the
// right node.
func WrongNode(reply string) bool {
	for _, code := range []string{"READONLY ", "MASTERDOWN ", "LOADING ", "NOREPLICAS "} {
		// Before version 7, a script that fails wraps the reply to its command.
		if strings.HasPrefix(reply, code) || strings.Contains(reply, ": -"+code) {
			return true
		}
	}
	return false
}

// question is one call of a script, before it is sent.
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

// eval asks once, and a second time only after NOSCRIPT: that reply is certain to
// mean that the script did not run. After any other failure it may have run.
func (s *Store) eval(ctx context.Context, q *question) ([]int64, error) {
	// Only our own deadline ends the wait: a client that gives its request up must
	// not cost a connection, nor count as an outage.
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

// load asks with the text of the script, which the server then knows. It counts as
// connecting: it goes on when the call has no time left.
func (s *Store) load(ctx context.Context, base setup, q *question) ([]int64, error) {
	type answer struct {
		reply []int64
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		a := answer{err: errUnfinished}
		defer func() {
			if v := recover(); v != nil { // no caller can recover on this goroutine
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
