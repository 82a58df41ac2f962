package demo

import (
	"fmt"
	"net/http"
	"time"
)

const eventsPath = "/api/v1/events"

// events streams three events. If it returns an error, the response has already started.
// Then the connection is cut, and nothing is appended that could be taken for an event.
func events(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	for n := 1; n <= 3; n++ {
		if n > 1 {
			select {
			case <-r.Context().Done():
				return r.Context().Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		if _, err := fmt.Fprintf(w, "event: access\ndata: {\"n\":%d}\n\n", n); err != nil {
			return err
		}
		if err := stream.Flush(); err != nil {
			return err
		}
	}
	return nil
}
