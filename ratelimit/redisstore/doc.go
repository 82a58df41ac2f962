// Package redisstore keeps rate limits in Redis or Valkey, so that many
// processes share them.
package redisstore
