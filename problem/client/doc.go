// Package client is the other side of the wire: it calls a service that speaks
// one of the styles, returns the typed error that the service has sent, and
// repeats a call exactly when the vendor says that it may.
//
//	api, err := client.New(client.Config{Style: scaivault.Style})
//	c := http.Client{Transport: api, Timeout: 20 * time.Second}
//	resp, err := c.Do(req)
//	if err != nil {
//		return err // no answer
//	}
//	defer resp.Body.Close()
//	if err := client.Decode(resp, scaivault.Style); err != nil {
//		return err // errors.Is(err, problem.NotFound)
//	}
//	body, err := io.ReadAll(resp.Body) // to its end, or a cut goes unseen
//
// It has two halves that do not know each other. The [Transport] repeats requests
// and hands out answers; [Decode] makes errors of answers. A RoundTripper may not
// turn an answer into an error, so a call that is given up hands out the last
// answer, body intact. To use another retrier, use Decode alone.
//
// # One Transport for each API
//
// A Transport remembers: how much it has repeated lately, which credential was
// replaced, whose turn it is after a refusal. Share it among all callers of one
// API, and give another API another one. Requests that it repeats are those that
// Config.Style says may be repeated; the methods POST and PATCH only if nothing
// was done, or with an Idempotency-Key of the caller's. A key is never invented.
//
// A HEAD has no body, hence nothing that tells the vendor's answer from a
// proxy's: a 500 to a HEAD is not repeated where one to a GET may be.
//
// Attempts are calls of Config.Base. Below that, net/http itself repeats a GET
// once if the connection turns out to be dead. Whoever has a retrier above a
// Transport multiplies: see [Once].
//
// # In a handler
//
// A handler may return what Decode gave it. The client is told 502, or 504 for a
// timeout, and nothing else: the status, code, text and request ID of the other
// service are logged and never sent. [problem.Passthrough] is the exception. An
// error of the connection is no *problem.Error, and a handler that returns it
// bare answers 500; problem.UpstreamFailed.Wrap(err, "") makes it a 502. Let
// context.Canceled pass as it is: then the caller has left.
package client
