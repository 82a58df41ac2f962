package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

// group is the limits of one call that share a key, which are decided in one
// atomic step.
type group struct {
	limits []ratelimit.Limit
	states []ratelimit.State
	order  []int // where each limit stands in the call, if it has several groups
	by     decider
}

// decider is who decided a group, and so who has to take it back.
type decider uint8

const (
	redis decider = iota
	local
	nobody
)

func (g *group) admitted() bool {
	return !slices.ContainsFunc(g.states, func(s ratelimit.State) bool { return !s.Allowed })
}

// unknown makes the states those of limits that nobody has decided.
func (g *group) unknown() {
	for i := range g.states {
		g.states[i] = ratelimit.State{Allowed: true, Unknown: true}
	}
}

// takeGroups decides group after group. When one refuses, or cannot be decided,
// what the earlier ones have charged is given back: for a moment perhaps less
// is admitted than could be, but never more.
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

// take decides one group, by Redis or by what stands in for it.
func (s *Store) take(ctx context.Context, g *group) error {
	wait, err := s.ask(ctx, g)
	if err == nil {
		return nil
	}
	return s.instead(ctx, g, err, wait)
}

// undo refunds what a group was charged. If that fails, the charge stays, and
// time repays it.
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
	errUnfinished = errors.New("the client panicked") // or ended its goroutine
)

// ask lets Redis decide a group, unless its breaker is open. With an error comes
// the time after which asking again makes sense.
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

// breaker returns the breaker in charge of a key. Where there is one for all,
// the tag is not needed to find it, and empty.
func (s *Store) breaker(key string) (tag string, b *breaker) {
	if len(s.breakers) == 1 {
		return "", &s.breakers[0]
	}
	tag = s.tag(key)
	return tag, &s.breakers[slot(tag)*len(s.breakers)/slots]
}
