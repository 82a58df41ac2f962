package ratelimittest

// The checks of one bucket. In all of them one unit comes back per s.unit. Most calls
// come halfway between two units, so that a slow machine changes no answer.

func newBucket(s *script) {
	ann := s.limit("ann", 3, 1)
	s.expect(ann, state{allowed, 2, 1, 0})
	s.expect(ann, state{allowed, 1, 2, 0})
	s.expect(ann, state{allowed, 0, 3, 0})
	s.expect(ann, state{refused, 0, 3, 1})
	s.expect(ann, state{refused, 0, 3, 1})
}

func comeBack(s *script) {
	ann := s.limit("ann", 2, 1)
	s.expect(ann, state{allowed, 1, 1, 0})
	s.expect(ann, state{allowed, 0, 2, 0})
	s.advance(s.units(0.5))
	s.expect(ann, state{refused, 0, 1.5, 0.5})
	s.advance(s.units(1))
	s.expect(ann, state{allowed, 0, 1.5, 0})
	s.expect(ann, state{refused, 0, 1.5, 0.5})
	s.advance(s.units(9))
	s.expect(ann, state{allowed, 1, 1, 0}) // no more than the burst has come back
}

func costs(s *script) {
	s.expect(s.limit("ann", 5, 3), state{allowed, 2, 3, 0})
	s.expect(s.limit("ann", 5, 3), state{refused, 2, 3, 1})
	s.expect(s.limit("ann", 5, 2), state{allowed, 0, 5, 0})
	s.expect(s.limit("ann", 5, 5), state{refused, 0, 5, 5})
	s.advance(s.units(2.5))
	s.expect(s.limit("ann", 5, 4), state{refused, 2, 2.5, 1.5})
	s.expect(s.limit("ann", 5, 2), state{allowed, 0, 4.5, 0})
}

func peeks(s *script) {
	peek := s.limit("ann", 2, 0)
	s.expect(peek, state{allowed, 2, 0, 0})
	s.expect(peek, state{allowed, 2, 0, 0})
	s.expect(s.limit("ann", 2, 2), state{allowed, 0, 2, 0})
	s.expect(peek, state{allowed, 0, 2, 1}) // when one unit fits
	s.expect(peek, state{allowed, 0, 2, 1})
	s.advance(s.units(1.5))
	s.expect(peek, state{allowed, 1, 0.5, 0})
}

func refunds(s *script) {
	s.expect(s.limit("ann", 3, -1), state{allowed, 3, 0, 0}) // nobody knows ann
	s.expect(s.limit("ann", 3, 3), state{allowed, 0, 3, 0})
	s.expect(s.limit("ann", 3, -2), state{allowed, 2, 1, 0})
	s.expect(s.limit("ann", 3, 1), state{allowed, 1, 2, 0})
	s.expect(s.limit("ann", 3, -9), state{allowed, 3, 0, 0})
	s.expect(s.limit("ann", 3, 3), state{allowed, 0, 3, 0}) // the refund was capped
	s.expect(s.limit("ann", 3, 1), state{refused, 0, 3, 1})
}

func aboveBurst(s *script) {
	s.expect(s.limit("ann", 2, 3), state{refused, 2, 0, never})
	s.expect(s.limit("ann", 2, 1), state{allowed, 1, 1, 0})
	s.expect(s.limit("ann", 2, 3), state{refused, 1, 1, never})
}

func refusals(s *script) {
	s.expect(s.limit("ann", 2, 2), state{allowed, 0, 2, 0})
	for range 20 {
		s.expect(s.limit("ann", 2, 1), state{refused, 0, 2, 1})
	}
	s.advance(s.units(1.5))
	s.expect(s.limit("ann", 2, 1), state{allowed, 0, 1.5, 0})
}

func retryAfter(s *script) {
	for cost := 1; cost <= 3; cost++ {
		ann := s.limit("ann", 3, cost)
		s.take(s.limit("ann", 3, -9))
		s.expect(s.limit("ann", 3, 3), state{allowed, 0, 3, 0})
		wait := s.take(ann)[0].RetryAfter
		s.advance(wait - s.harness.Resolution)
		if got := s.take(ann)[0]; got.Allowed {
			s.Errorf("%s = allowed, want refused: RetryAfter was %v, %v before", s.call(ann), wait, s.harness.Resolution)
		}
		s.advance(s.harness.Resolution)
		if got := s.take(ann)[0]; !got.Allowed {
			s.Errorf("%s = refused after the RetryAfter of %v, want allowed", s.call(ann), wait)
		}
	}
}

func resetAfter(s *script) {
	got := s.expect(s.limit("ann", 4, 3), state{allowed, 1, 3, 0})
	s.advance(got.ResetAfter)
	s.expect(s.limit("ann", 4, 0), state{allowed, 4, 0, 0})
	s.expect(s.limit("ann", 4, 4), state{allowed, 0, 4, 0})
}

func changedRate(s *script) {
	old, low := s.limit("ann", 4, 1), s.limit("ann", 2, 1)
	s.expect(s.limit("ann", 4, 4), state{allowed, 0, 4, 0})

	// A lowered plan: the debt is more than the lower rate could make, and the
	// caller has to wait all the same.
	wait := s.expect(low, state{refused, 0, 4, 3}).RetryAfter
	s.expect(s.limit("ann", 2, 0), state{allowed, 0, 4, 3})
	s.expect(s.limit("ann", 2, 3), state{refused, 0, 4, never})
	s.expect(old, state{refused, 0, 4, 1}) // nothing of this has been written

	s.advance(wait - s.harness.Resolution)
	if got := s.take(low)[0]; got.Allowed {
		s.Errorf("%s = allowed, want refused: RetryAfter was %v, %v before", s.call(low), wait, s.harness.Resolution)
	}
	s.advance(s.harness.Resolution)
	s.expect(low, state{allowed, 0, 2, 0})

	// A raised plan keeps the debt as a time, not as a number of units.
	s.expect(s.limit("ann", 8, 3), state{allowed, 3, 5, 0})

	twice := s.limit("ann", 8, 1)
	twice.Rate.Limit = 2 // a unit in half the time, full in 4
	s.expect(twice, state{refused, 0, 5, 1.5})
	s.advance(s.units(2.25))
	s.expect(twice, state{allowed, 1, 3.25, 0})
}

func mintsNothing(s *script) {
	admitted := 0
	for range 20 {
		for _, burst := range []int{4, 8} {
			if s.take(s.limit("ann", burst, 1))[0].Allowed {
				admitted++
			}
		}
	}
	if admitted > 8 {
		s.Errorf("two plans in turn admitted %d at once, want at most the larger burst of 8", admitted)
	}
	s.expect(s.limit("ann", 8, 1), state{refused, 0, 8, 1})

	// A refund gives back its cost, even at a rate that could not make the debt that
	// is left.
	for range 3 {
		s.expect(s.limit("ann", 2, -1), state{allowed, 0, 7, 0})
		s.expect(s.limit("ann", 8, 1), state{allowed, 0, 8, 0})
	}
	twice := s.limit("ann", 4, -1)
	twice.Rate.Limit = 2
	s.expect(twice, state{allowed, 0, 7.5, 0})
	s.expect(s.limit("ann", 8, 1), state{refused, 0, 7.5, 0.5})
	s.expect(s.limit("ann", 4, -5), state{allowed, 1, 2.5, 0})
	s.expect(s.limit("ann", 8, 1), state{allowed, 4, 3.5, 0})
}
