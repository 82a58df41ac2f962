module github.com/backstop-go/backstop/ratelimit/redisstore/rueidisadapter

go 1.26.0

require (
	github.com/backstop-go/backstop v0.0.0
	github.com/redis/rueidis v1.0.79
)

require (
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace github.com/backstop-go/backstop => ../../..
