package routers_test

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func TestAbortAfterTheClientsResetIsNoSecondOne(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"before a byte": func(http.ResponseWriter) {},
		"after bytes":   func(w http.ResponseWriter) { io.WriteString(w, tenBytes) },
		"after a flush": func(w http.ResponseWriter) { io.WriteString(w, tenBytes); http.NewResponseController(w).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			running := make(chan struct{})
			s := plan{cold: true}.open(std, h2, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPut {
					return
				}
				begin(w)
				running <- struct{}{}
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			})
			defer s.close()
			conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			io.WriteString(conn, http2.ClientPreface)
			framer := http2.NewFramer(conn, conn)
			framer.WriteSettings()
			ask := func(stream uint32, method string) {
				var block headerBlock
				enc := hpack.NewEncoder(&block)
				for _, f := range [][2]string{{":method", method}, {":scheme", "http"}, {":authority", "x"}, {":path", "/case/1"}} {
					enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
				}
				framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block, EndStream: true, EndHeaders: true})
			}
			ask(1, "GET")
			<-running
			framer.WriteRSTStream(1, http2.ErrCodeCancel)
			s.summary(t)
			ask(3, "PUT") // all frames about the first stream come before this answer
			for {
				f, err := framer.ReadFrame()
				if err != nil {
					t.Fatalf("the connection ends with %v, want the second answer", err)
				}
				if reset, ok := f.(*http2.RSTStreamFrame); ok {
					t.Errorf("the server resets stream %d with %v, want no second reset", reset.StreamID, reset.ErrCode)
				}
				if f.Header().StreamID == 3 && f.Header().Flags.Has(http2.FlagHeadersEndStream) {
					return
				}
			}
		})
	}
}

// headerBlock is a growing block of encoded fields.
type headerBlock []byte

func (b *headerBlock) Write(p []byte) (int, error) { *b = append(*b, p...); return len(p), nil }
