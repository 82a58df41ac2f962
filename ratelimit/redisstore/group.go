package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

// group is the limits of one call that share a key. They are decided in one atomic
// step.
type group struct {
	limits []ratelimit.Limit
	states []ratelimit.State
	order  []int // index of each limit in the call, if it has several groups
	by     decider
}

// decider says who has decided a group, and therefore who can undo the charge.
type decider uint8

const (
	redis decider = iota
	local
	nobody
)

func (g *group) admitted() bool {
	return !slices.ContainsFunc(g.states, func(s ratelimit.State) bool { return !s.Allowed })
}

// unknown sets all states to Unknown: nobody has decided the limits.
func (g *group) unknown() {
	for i := range g.states {
		g.states[i] = ratelimit.State{Allowed: true, Unknown: true}
	}
}

// takeGroups decides group after group. If a group refuses or fails, the earlier
// groups get their charge back. Other callers may be refused for that moment; too
// much is never admitted.
func (s *Store) takeGroups(ctx context.Context, groups []*group) error {
	for i := range groups {
		err := s.take(ctx, groups[i])
		if err == nil && groups[i].admitted() {
			continue
		}
		for _, g := range groups[:i] {
			s.undo(ctx, g)
		}
		for _, g := range groups[i+1:] {
			g.unknown()
		}
		return err
	}
	return nil
}

// take decides one group, by Redis or by [Config.Mode].
func (s *Store) take(ctx context.Context, g *group) error {
	wait, err := s.ask(ctx, g)
	if err == nil {
		return nil
	}
	return s.instead(ctx, g, err, wait)
}

// undo refunds the charge of a group. If that fails, the charge stays until time has
// repaid it.
func (s *Store) undo(ctx context.Context, g *group) {
	back := group{limits: slices.Clone(g.limits), states: g.states}
	for i := range back.limits {
		back.limits[i].Cost *= -1
	}
	var err error
	switch g.by {
	case redis:
		_, err = s.ask(ctx, &back)
	case local:
		err = s.takeLocal(ctx, back.limits, back.states)
	case nobody:
	}
	if err != nil {
		g.unknown()
	}
}

var (
	errOpen       = errors.New("redisstore: Redis has failed repeatedly and is not asked")
	errUnfinished = errors.New("the client panicked") // or called runtime.Goexit
)

// ask lets Redis decide a group, unless its breaker is open. With an error, wait is
// the time after which to ask again.
func (s *Store) ask(ctx context.Context, g *group) (wait time.Duration, err error) {
	tag, b := s.breaker(g.limits[0].Key)
	sent := s.now()
	p, wait, ok := b.enter(sent)
	if !ok {
		return wait, errOpen
	}
	err = fmt.Errorf("redisstore: asking: %w", errUnfinished)
	defer func() {
		if changed, cause := b.leave(p, s.now(), err); changed {
			s.report(cause)
		}
	}()

	if tag == "" {
		tag = s.tag(g.limits[0].Key)
	}
	var admitted bool
	reply, err := s.eval(ctx, s.question(tag, g.limits))
	if err == nil {
		admitted, err = decode(reply, g.limits, g.states)
	}
	received := s.now()
	for i := range g.limits {
		l := &g.limits[i]
		switch {
		case err == nil && !g.states[i].Allowed:
			s.denials.put(l, &g.states[i], sent, received)
		case l.Cost != 0 && (err != nil || admitted):
			s.denials.drop(l, received)
		}
	}
	return 0, err
}

// breaker returns the breaker of a key, and its tag if that was needed to choose
// among several breakers.
func (s *Store) breaker(key string) (tag string, b *breaker) {
	if len(s.breakers) == 1 {
		return "", &s.breakers[0]
	}
	tag = s.tag(key)
	return tag, &s.breakers[slot(tag)*len(s.breakers)/slots]
}
