package redisstore

import (
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"errors"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

var (
	//go:embed ttl.lua
	ttlSource string
	//go:embed instant.lua
	instantSource string

	byTTL     = newScript(ttlSource, time.Millisecond)
	byInstant = newScript(instantSource, time.Microsecond)
)

// script decides one group. Each script understands the buckets that the other has
// stored, because the rate of a bucket may change.
type script struct {
	source string
	digest string        // SHA-1 of source, as EVALSHA wants it
	tick   time.Duration // unit of its arguments; it answers in microseconds
}

func newScript(source string, tick time.Duration) *script {
	sum := sha1.Sum([]byte(source))
	return &script{source, hex.EncodeToString(sum[:]), tick}
}

// scriptFor returns the cheapest script that is exact for all limits of a group.
func (s *Store) scriptFor(limits []ratelimit.Limit) *script {
	if s.serverTime != 0 {
		return byInstant // a test moves its own clock, but cannot move a time to live
	}
	for i := range limits {
		if planOf(limits[i].Rate).Unit%byTTL.tick != 0 {
			return byInstant
		}
	}
	return byTTL
}

// args returns the arguments of a script; the head of each script explains them.
func (s *Store) args(sc *script, limits []ratelimit.Limit) []int64 {
	args := make([]int64, 0, 1+3*len(limits))
	if sc == byInstant {
		args = append(args, s.serverTime)
	}
	for i := range limits {
		l := &limits[i]
		p := planOf(l.Rate)
		var forced int64
		if l.Force {
			forced = 1
		}
		args = append(args, int64(p.Charge(l.Cost)/sc.tick), int64(p.Fill/sc.tick), forced)
	}
	return args
}

// decode turns a reply into states, and reports whether all fit.
func decode(reply []int64, limits []ratelimit.Limit, states []ratelimit.State) (admitted bool, err error) {
	if len(reply) != 1+len(limits) || reply[0] != 0 && reply[0] != 1 {
		return false, errReply
	}
	admitted, all := reply[0] == 1, true
	for i := range limits {
		l := &limits[i]
		if reply[1+i] < 0 || reply[1+i] > bucket.Most.Microseconds() {
			return false, errReply
		}
		p, debt := planOf(l.Rate), time.Duration(reply[1+i])*time.Microsecond
		fits := admitted || l.Force || p.Fits(debt, l.Cost)
		all = all && fits
		states[i] = stateOf(p, debt, l.Cost, fits)
	}
	if all != admitted {
		return false, errReply
	}
	return admitted, nil
}

// errReply means that the answer cannot be one of the script.
var errReply = errors.New("redisstore: asking: malformed reply")
