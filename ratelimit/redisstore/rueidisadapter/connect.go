package rueidisadapter

import (
	"context"

	"github.com/redis/rueidis"
)

// attempt is one try to connect. err is set before done is closed.
type attempt struct {
	done chan struct{}
	err  error
}

// connected returns the client, and makes it if there is none. rueidis knows no
// deadline for that, so it happens on a goroutine that ends with the dial
// timeout; whoever cannot wait for so long leaves.
func (c *Client) connected(ctx context.Context) (rueidis.Client, error) {
	c.mu.Lock()
	client, a := c.client, c.attempt
	switch {
	case c.closed:
		c.mu.Unlock()
		return nil, rueidis.ErrClosing
	case client == nil && a == nil:
		a = &attempt{done: make(chan struct{})}
		c.attempt = a
		go c.connect(a)
	}
	c.mu.Unlock()
	if client != nil {
		return client, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-a.done:
	}
	if a.err != nil {
		return nil, a.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, rueidis.ErrClosing
	}
	return c.client, nil
}

func (c *Client) connect(a *attempt) {
	client, err := rueidis.NewClient(c.option)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && client != nil {
		// A single client is usable in spite of the error, and dials anew with
		// each call; but the calls of now had better see the error.
		client.Close()
	}
	c.attempt, a.err = nil, err
	switch {
	case err != nil:
	case c.closed:
		client.Close()
	default:
		c.client = client
	}
	close(a.done)
}
