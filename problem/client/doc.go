// Package client is for programs that call a service which answers errors in one
// of the styles. It makes the typed error that the service has sent, and repeats a
// call exactly when the vendor says that it may be repeated.
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
//	body, err := io.ReadAll(resp.Body) // read all: only then is a cut answer an error
//
// The package has two halves, and neither needs the other. A [Transport] repeats
// requests and returns answers. [Decode] makes an error of an answer. A RoundTripper
// may not turn an answer into an error, so a Transport that gives up returns the
// last answer with its body intact. To use another retrier, use Decode alone.
//
// # One Transport for each API
//
// A Transport remembers how many requests it has repeated lately, which credential was
// replaced, and which caller is next after a refusal. So share one Transport among
// all callers of one API, and use another Transport for another API.
//
// The style says which answers may be repeated. The methods POST and PATCH are
// repeated only if the service has done nothing, or if the caller has set an
// Idempotency-Key. The Transport never makes a key.
//
// An answer to HEAD has no body, so an answer of the service looks like one of a
// proxy. A 500 to a HEAD is therefore not repeated, even if a 500 to a GET is.
//
// An attempt is one call of [Config.Base]. Below that, net/http itself repeats a
// GET once if the connection turns out to be dead. Two retriers, one above the
// other, multiply their attempts; [Once] prevents it.
//
// # In a handler
//
// A handler may return the error of Decode. The client is told 502, or 504 for a
// timeout, and nothing else: the status, code, text and request ID of the other
// service are logged and never sent. [problem.Passthrough] is the exception. An
// error of the connection is not a [problem.Error]; a handler that returns it answers
// 500, or 504 if a deadline has passed. To answer 502, return
// problem.UpstreamFailed.Wrap(err, ""). Return [context.Canceled] as it is: it means
// that the client of the handler has left.
package client
