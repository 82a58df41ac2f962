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
// This package imports no Redis client. Package rueidisadapter brings its own
// connections and is the faster one; package goredisadapter uses a go-redis client
// that the program already has. Both are modules of their own.
//
// # What it needs from the server
//
// Redis 5 or later, or Valkey; a cluster is fine. One script decides all limits of a
// key in one round trip. The script reads the clock of the server, so the clocks of
// the processes need not agree. A bucket takes about 200 bytes until it is full. Its
// Redis key holds a hash, not the key of the caller. If a unit comes back in whole
// milliseconds, the time to live of the Redis key is the bucket, which costs the
// server half as much as other rates.
//
// Set maxmemory-policy to noeviction, or give the limits a server of their own. If
// the server evicts a bucket, the next call finds a full one, and nobody is told.
//
// # When the server does not answer
//
// A rate limit must not bring a service down. A round trip takes at most
// [Config.Timeout], 25 ms by default; a call that limits one key is one round trip.
// After five failures in a row, or more than half of the last twenty, the store sends
// nothing for 100 ms and then lets one request try. If that fails, the pause doubles,
// up to 5 s. During a pause [Config.Mode] decides: each process counts on its own, or
// everything is admitted, or the limiter answers 503; it is never a 429.
// [Config.OnDegraded] hears of the begin and the end. In a cluster each sixteenth of
// the slots has pauses of its own.
//
// To connect takes more round trips than a call, so it has a bound of its own,
// [Config.Connect], and goes on when the call that needed the connection has given
// up; [Config.Mode] decides that call. The error says whether the store was
// connecting or asking. If the server answers that it is no longer the primary, the
// connection is closed: where an address follows the primary, the next connection
// leads to it.
//
// Nothing is sent twice, because after a failure nobody knows whether the server has
// charged. So a call is charged once or not at all; with [FailLocal] it may be
// charged in Redis and in this process.
//
// # When a client does not stop
//
// A refusal says when the cost will fit. For up to a second the store refuses further
// calls of that bucket without a round trip.
package redisstore
