package main

// A row is a line of the table: a contender of ours beside a peer, and what we
// mean to reach.
type row struct {
	work       string
	race       string
	ours, peer string // contenders of the race; the peer may be [otherCheckout]
	target     target
}

// otherCheckout is the peer of a row that compares us with ourselves.
const otherCheckout = "before"

// target bounds what we may cost. A nil bound is none.
type target struct {
	ratio   *float64 // to the peer
	ns      *float64 // more than without
	objects *float64 // allocated
	bytes   *float64 // allocated
	perKey  *float64 // bytes kept
}

// memoryRace is measured by weight and not by time.
const memoryRace = "BytesPerKey"

var rows = []row{
	{"Standard, empty handler", "Standard", "backstop", otherCheckout, target{ratio: new(0.70), objects: new(3.0), bytes: new(560.0)}},
	{"Standard, empty handler", "Standard", "backstop", "chi", target{}},
	{"request ID alone", "RequestID", "backstop", "by hand", target{ratio: new(0.60), objects: new(3.0)}},
	{"Recover where a recorder exists", "RecoverInside", "backstop", "chi", target{ns: new(8.0), objects: new(0.0)}},
	{"respond 429", "RespondRateLimited", "backstop", "huma", target{ratio: new(0.60), objects: new(1.0)}},
	{"respond three fields", "RespondFields", "backstop", "huma", target{ratio: new(0.65), objects: new(2.0)}},
	{"limiter alone, hot key", "AllowedHotKey", "backstop", "by hand", target{ratio: new(0.95), objects: new(3.0)}},
	{"limiter inside Standard, the increment", "AllowedHotKey", "Standard+backstop", "by hand", target{ratio: new(0.5), objects: new(2.0)}},
	{"a million keys", "AllowedManyKeys", "backstop", "throttled", target{ratio: new(0.65)}},
	{"refused, whole envelope", "Refused", "backstop", "httprate", target{ratio: new(1.1), objects: new(5.0)}},
	{"Memory.Take", "Take", "backstop", "go-limiter", target{ratio: new(1.15), objects: new(0.0)}},
	{"bytes a key at a million", memoryRace, "backstop", "httprate", target{perKey: new(40.0)}},
	{"body 65 B valid", "SmallValid", "backstop", "gin", target{ratio: new(0.60), objects: new(8.0)}},
	{"body 65 B invalid", "SmallInvalid", "backstop", "gin", target{ratio: new(0.75), objects: new(20.0)}},
	{"50 items valid", "LargeValid", "backstop", "gin", target{ratio: new(0.65)}},
	{"1 MiB valid", "MegabyteValid", "backstop", otherCheckout, target{ratio: new(0.2)}},
	{"1 MiB valid", "MegabyteValid", "backstop", "gin", target{}},
	{"1 MiB wrong at byte 0", "MalformedAtBegin", "backstop", otherCheckout, target{ratio: new(0.01)}},
	{"1 MiB wrong at byte 0", "MalformedAtBegin", "backstop", "gin", target{}},
	{"whole stack above bare, GET", "StackServed", "backstop", "chi+httprate", target{ratio: new(0.50), objects: new(5.0)}},
	{"gin + Standard above bare gin", "Standard", "gin+backstop", "gin", target{ratio: new(1.0), objects: new(4.0)}},
	{"panic, stack in the log", "Panic", "backstop", "gorilla", target{ratio: new(0.60), objects: new(13.0)}},
	{"Redis by go-redis, 64 callers", "RedisAllowed", "backstop+go-redis", "ulule", target{ratio: new(0.8)}},
	{"Redis by go-redis, 64 callers", "RedisAllowed", "backstop+go-redis", "redis_rate", target{}},
	{"Redis by rueidis, 64 callers", "RedisAllowed", "backstop+rueidis", "ulule", target{}},
}

// oursIn are the contenders of a race that a row calls ours.
func oursIn(race string) []string {
	var names []string
	for _, r := range rows {
		if r.race == race {
			names = append(names, r.ours)
		}
	}
	return names
}

// A verdict is a row with its figures.
type verdict struct {
	row

	less               string  // what the peer does not answer
	ratio, before      float64 // to the peer and to the other checkout; NaN if there is none
	ns, peerNS         float64
	counts, peerCounts counts
	perKey, peerPerKey float64
	missing            string // why there are no figures
}

// missed names the bounds that are not met.
func (v *verdict) missed() []string {
	var names []string
	for _, b := range []struct {
		name  string
		bound *float64
		value float64
	}{
		{"ratio", v.target.ratio, round(v.ratio, 100)},
		{"ns", v.target.ns, round(v.ns, 1)},
		{"allocations", v.target.objects, round(v.counts.objects, 10)},
		{"bytes", v.target.bytes, round(v.counts.bytes, 1)},
		{"bytes a key", v.target.perKey, round(v.perKey, 1)},
	} {
		if b.bound != nil && !(b.value <= *b.bound) { // NaN meets nothing
			names = append(names, b.name)
		}
	}
	return names
}
