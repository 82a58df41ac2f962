package redisstore

import (
	"context"
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/backstop-go/backstop/ratelimit"
)

//go:embed script.lua
var script string

// ErrNoScript is what a [Client] returns, wrapped or as it is, when the server
// answers NOSCRIPT.
var ErrNoScript = errors.New("redisstore: the server does not know the script")

// digest is the name by which EVALSHA calls a script. Redis chose SHA-1.
func digest(script string) string {
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}

// eval runs the script once, and a second time only after NOSCRIPT, which says
// for certain that it did not run. Whatever else failed may have been executed.
func (s *Store) eval(ctx context.Context, tag string, limits []ratelimit.Limit) ([]int64, error) {
	keys := make([]string, len(limits))
	args := make([]int64, 1, 1+2*len(limits))
	args[0] = s.serverTime
	for i := range limits {
		b := bucketOf(limits[i].Rate)
		keys[i] = s.redisKey(tag, limits[i].Policy)
		args = append(args, b.charge(limits[i].Cost), b.fill)
	}
	// A request that is given up must not cost a connection, nor count as an
	// outage, so only our own deadline ends the wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	reply, err := s.client.Eval(ctx, "EVALSHA", s.digest, keys, args)
	if errors.Is(err, ErrNoScript) {
		reply, err = s.client.Eval(ctx, "EVAL", script, keys, args)
	}
	if err != nil {
		return nil, fmt.Errorf("redisstore: eval: %w", err)
	}
	return reply, nil
}

// decode turns a reply into states, and reports whether all fit.
func decode(reply []int64, limits []ratelimit.Limit, states []ratelimit.State) (admitted bool, err error) {
	if len(reply) != 1+len(limits) || reply[0] != 0 && reply[0] != 1 {
		return false, errReply
	}
	admitted, all := reply[0] == 1, true
	for i := range limits {
		b, debt := bucketOf(limits[i].Rate), reply[1+i]
		if debt < 0 || debt > maxDebt {
			return false, errReply
		}
		fits := admitted || b.fits(debt, limits[i].Cost)
		all = all && fits
		states[i] = b.state(debt, limits[i].Cost, fits)
	}
	if all != admitted {
		return false, errReply
	}
	return admitted, nil
}

// errReply is about an answer that the script cannot have given.
var errReply = errors.New("redisstore: malformed reply")
