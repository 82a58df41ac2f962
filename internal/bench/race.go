package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// A race is one piece of work that several contenders do. The first contender
// is the one that the others are compared with.
type race struct {
	name       string
	skip       string // why the race cannot be run here; empty if it can
	request    request
	before     int // requests that a handler gets before it is looked at
	want       answer
	callers    int // that send at the same time; 0 means one
	server     int // the ID of a process whose CPU time counts as well; 0 means none
	contenders []contender
	stop       func() // ends what the race has started; may be nil
}

// A contender does the work: as a handler, or by a call where no HTTP is in it.
type contender struct {
	by      string
	handler http.Handler
	call    func(i uint64) (status int) // in round i; nil means handler
	want    answer                      // on top of that of the race
	above   string                      // the contender whose cost does not count; empty means [nothing]
	less    string                      // what it does not answer, although the first contender does
}

// nothing is a contender of each race: what it costs to make a request and a
// response writer, or to call a function. That is taken off the cost of the
// others.
const nothing = "nothing"

// doesNothing is that contender, for a race of calls or of handlers.
func (rc *race) doesNothing() *contender {
	if len(rc.contenders) > 0 && rc.contenders[0].call != nil {
		return &contender{by: nothing, call: func(uint64) int { return http.StatusOK }}
	}
	return &contender{by: nothing, handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
}

// answer is what has to come back.
type answer struct {
	status int
	header []string // names of fields that are there
	body   []string // parts of the body
}

// contender finds a contender by its name.
func (rc *race) contender(by string) (*contender, error) {
	if by == nothing {
		return rc.doesNothing(), nil
	}
	i := slices.IndexFunc(rc.contenders, func(c contender) bool { return c.by == by })
	if i < 0 {
		return nil, fmt.Errorf("%s has no contender %q", rc.name, by)
	}
	return &rc.contenders[i], nil
}

// close ends what the race has started.
func (rc *race) close() {
	if rc.stop != nil {
		rc.stop()
	}
}

// verify sends the requests that have to go before, and then one whose answer
// it looks at.
func (rc *race) verify(c *contender, before int) error {
	if c.by == nothing {
		return nil
	}
	client := newClient(&rc.request)
	for i := range uint64(before) {
		client.send(c, i)
	}
	if c.call != nil {
		if got, want := c.call(uint64(before)), rc.status(c); got != want {
			return fmt.Errorf("%s by %s = %d, want %d", rc.name, c.by, got, want)
		}
		return nil
	}
	rec := httptest.NewRecorder()
	c.handler.ServeHTTP(rec, rc.request.new(uint64(before)))
	if want := rc.status(c); rec.Code != want {
		return fmt.Errorf("%s by %s = %d, want %d; body %q", rc.name, c.by, rec.Code, want, rec.Body)
	}
	for _, name := range slices.Concat(rc.want.header, c.want.header) {
		if rec.Header().Get(name) == "" {
			return fmt.Errorf("%s by %s has no header field %s in %v", rc.name, c.by, name, rec.Header())
		}
	}
	for _, part := range slices.Concat(rc.want.body, c.want.body) {
		if !strings.Contains(rec.Body.String(), part) {
			return fmt.Errorf("%s by %s has no %q in its body %q", rc.name, c.by, part, rec.Body)
		}
	}
	return nil
}

// status is what c has to answer.
func (rc *race) status(c *contender) int { return cmp.Or(c.want.status, rc.want.status) }

// races makes each race anew. A race is made when its turn has come, so that
// the heap holds one at a time. Those with many keys come last: some peers have
// goroutines that hold their keys for ever.
var races = []struct {
	name string
	make func() race
}{
	{"Standard", standard},
	{"RequestID", identified},
	{"RecoverInside", recoveredInside},
	{"RespondRateLimited", respondRateLimited},
	{"RespondFields", respondFields},
	{"AllowedHotKey", allowedHotKey},
	{"Refused", refused},
	{"Take", take},
	{"SmallValid", smallValid},
	{"SmallInvalid", smallInvalid},
	{"LargeValid", largeValid},
	{"LargeInvalid", largeInvalid},
	{"MegabyteValid", megabyteValid},
	{"MalformedAtBegin", malformedAtBegin},
	{"MalformedAtEnd", malformedAtEnd},
	{"QueryValid", queryValid},
	{"QueryInvalid", queryInvalid},
	{"StackServed", stackServed},
	{"StackRefused", stackRefused},
	{"StackCreated", stackCreated},
	{"StackInvalid", stackInvalid},
	{"Panic", panicked},
	{"RedisAllowed", redisAllowed},
	{"RedisRefused", redisRefused},
	{"RedisDown", redisDown},
	{"AllowedManyKeys", allowedManyKeys},
	{"NewKeyAtCap", newKeyAtCap},
}

// raceNamed makes one of the races.
func raceNamed(name string) (*race, error) {
	for _, entry := range races {
		if entry.name == name {
			rc := entry.make()
			rc.name = name
			return &rc, nil
		}
	}
	return nil, fmt.Errorf("there is no race %q", name)
}
