package redisstore

import (
	"context"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// Mode says what a [Store] does while Redis does not answer. No mode makes a failure
// a refusal.
type Mode uint8

const (
	// FailLocal counts in this process, with its share of the rate: the time per
	// unit is multiplied by [Config.Nodes], and the burst is divided by it, but is
	// at least 1. States are Degraded.
	FailLocal Mode = iota
	// FailOpen admits everything. States are Degraded and Unknown.
	FailOpen
	// FailClosed returns an error, which a limiter answers as 503 with Retry-After.
	FailClosed
)

// outage is the error of [FailClosed]. A limiter sends its RetryAfter.
type outage struct {
	cause error
	wait  time.Duration
}

func (e *outage) Error() string             { return e.cause.Error() }
func (e *outage) Unwrap() error             { return e.cause }
func (e *outage) RetryAfter() time.Duration { return e.wait }

// instead decides a group without Redis, as [Config.Mode] says.
func (s *Store) instead(ctx context.Context, g *group, cause error, wait time.Duration) error {
	switch s.cfg.Mode {
	case FailClosed:
		return &outage{cause, wait}
	case FailOpen:
		g.by = nobody
		for i := range g.states {
			g.states[i] = ratelimit.State{Allowed: true, Degraded: true, Unknown: true}
		}
		return nil
	default:
		g.by = local
		return s.takeLocal(ctx, g.limits, g.states)
	}
}

func (s *Store) takeLocal(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	if s.cfg.Nodes > 1 {
		var array [4]ratelimit.Limit
		limits = append(array[:0], limits...)
		for i := range limits {
			limits[i] = s.share(limits[i])
		}
	}
	if err := s.local.Take(ctx, limits, states); err != nil {
		return err
	}
	for i := range states {
		states[i].Degraded = true
	}
	return nil
}

// share returns l with the part of its rate that this process may admit on its own.
func (s *Store) share(l ratelimit.Limit) ratelimit.Limit {
	p := bucket.Of(l.Rate.Limit, l.Rate.Per, l.Rate.Burst, time.Nanosecond)
	burst, unit := int(p.Fill/p.Unit), p.Unit
	if nodes := time.Duration(s.cfg.Nodes); unit > bucket.Most/nodes {
		unit = bucket.Most // the slowest rate there is
	} else {
		unit *= nodes
	}
	mine := ratelimit.Rate{Limit: 1, Per: unit, Burst: max(burst/s.cfg.Nodes, 1)}
	if l.Cost <= burst && !l.Force {
		// A cost that Redis could admit must not get a RetryAfter of Never here.
		l.Cost = min(l.Cost, mine.Burst)
	}
	l.Rate = mine
	return l
}
