// Package redisstore keeps rate limits in Redis or Valkey, so that many
// processes share them.
//
//	option, err := rueidis.ParseURL("redis://localhost:6379")
//	client, err := rueidisadapter.New(option)
//	store, err := redisstore.New(redisstore.Config{Client: client, Nodes: 3})
//	limit, err := ratelimit.New(ratelimit.Config{
//		Name:  "api",
//		Rate:  ratelimit.PerMinute(60),
//		Key:   ratelimit.BearerToken,
//		Store: store,
//	})
//
// This package imports no client. rueidisadapter, the faster one, brings its
// own connections; goredisadapter uses a go-redis client that you have.
//
// # What it asks of the server
//
// Redis 5 or later, or Valkey; a cluster is fine. One script decides all limits
// of an identity in one round trip, by the clock of the server: those of the
// processes need not agree. An identity is stored as a hash, in about 200 bytes
// per policy, until its bucket is full: where a unit takes whole milliseconds to
// come back, the time that a key has left to live is the bucket, which costs the
// server half of what other rates do. Set maxmemory-policy to noeviction, or
// give the limits a server of their own: an evicted bucket is a full one, and
// nobody is told.
//
// # When the server does not answer
//
// A rate limit must not be what brings a service down. A round trip takes 25 ms
// at most, see [Config].Timeout; a call that limits one identity is one round
// trip. After five failures in a row, or more than half of the last twenty, the
// server is left alone for 100 ms, then asked by exactly one request, and left
// alone for twice as long if that fails, up to 5 s. Meanwhile [Config].Mode
// decides: each process counts for itself, or everything is admitted, or the
// limiter answers 503. None of this is ever a 429, and OnDegraded is told. In a
// cluster all this happens for each sixteenth of the slots by itself.
//
// Setting up is not asking. To connect takes more round trips than a question, so
// it has a bound of its own, [Config].Connect, and goes on when the call that
// wanted the connection has left; Mode decides that call. The line about an outage
// says whether it began while the store was connecting or asking. An answer that
// says that this is no longer the primary costs the connection: behind an address
// that follows the primary, the next one leads to it.
//
// A failure may have been a lost answer, so nothing is sent twice: a call is
// charged once or not at all, and with FailLocal perhaps in both places.
//
// # When a client does not stop
//
// Whoever is refused is refused until a known instant, so for up to a second
// his next calls cost no round trip.
package redisstore
