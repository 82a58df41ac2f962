package exchange

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// A writer that offers an interface which the one beneath lacks panics when it
// is used, and one that hides an interface breaks streams and WebSockets. So
// there is a type for each set of optional interfaces. Each adds one method to
// a smaller set, and all hold just the pointer, so none allocates.
//
// F is http.Flusher, H http.Hijacker, P http.Pusher, R io.ReaderFrom and C
// the CloseNotify of old.
type (
	withF     struct{ *Recorder }
	withH     struct{ *Recorder }
	withP     struct{ *Recorder }
	withR     struct{ *Recorder }
	withC     struct{ *Recorder }
	withFH    struct{ withF }
	withFP    struct{ withF }
	withFR    struct{ withF }
	withFC    struct{ withF }
	withHP    struct{ withH }
	withHR    struct{ withH }
	withHC    struct{ withH }
	withPR    struct{ withP }
	withPC    struct{ withP }
	withRC    struct{ withR }
	withFHP   struct{ withFH }
	withFHR   struct{ withFH }
	withFHC   struct{ withFH }
	withFPR   struct{ withFP }
	withFPC   struct{ withFP }
	withFRC   struct{ withFR }
	withHPR   struct{ withHP }
	withHPC   struct{ withHP }
	withHRC   struct{ withHR }
	withPRC   struct{ withPR }
	withFHPR  struct{ withFHP }
	withFHPC  struct{ withFHP }
	withFHRC  struct{ withFHR }
	withFPRC  struct{ withFPR }
	withHPRC  struct{ withHPR }
	withFHPRC struct{ withFHPR }
)

func (w withF) Flush() { w.flush() }

func (w withH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w withFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w withP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w withFP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w withHP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w withFHP) Push(target string, opts *http.PushOptions) error { return w.push(target, opts) }

func (w withR) ReadFrom(src io.Reader) (int64, error)    { return w.readFrom(src) }
func (w withFR) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w withHR) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w withPR) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w withFHR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w withFPR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w withHPR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w withFHPR) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

func (w withC) CloseNotify() <-chan bool     { return w.closeNotify() }
func (w withFC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w withHC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w withPC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w withRC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w withFHC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withFPC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withFRC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withHPC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withHRC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withPRC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withFHPC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w withFHRC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w withFPRC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w withHPRC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w withFHPRC) CloseNotify() <-chan bool { return w.closeNotify() }

// variant returns r with the optional interfaces of the writer beneath.
func (r *Recorder) variant() http.ResponseWriter {
	_, f := r.w.(http.Flusher)
	_, h := r.w.(http.Hijacker)
	_, p := r.w.(http.Pusher)
	_, rf := r.w.(io.ReaderFrom)
	_, c := r.w.(closeNotifier)
	switch (set{f, h, p, rf, c}) {
	case set{true, false, false, false, false}:
		return withF{r}
	case set{false, true, false, false, false}:
		return withH{r}
	case set{false, false, true, false, false}:
		return withP{r}
	case set{false, false, false, true, false}:
		return withR{r}
	case set{false, false, false, false, true}:
		return withC{r}
	case set{true, true, false, false, false}:
		return withFH{withF{r}}
	case set{true, false, true, false, false}:
		return withFP{withF{r}}
	case set{true, false, false, true, false}:
		return withFR{withF{r}}
	case set{true, false, false, false, true}:
		return withFC{withF{r}}
	case set{false, true, true, false, false}:
		return withHP{withH{r}}
	case set{false, true, false, true, false}:
		return withHR{withH{r}}
	case set{false, true, false, false, true}:
		return withHC{withH{r}}
	case set{false, false, true, true, false}:
		return withPR{withP{r}}
	case set{false, false, true, false, true}:
		return withPC{withP{r}}
	case set{false, false, false, true, true}:
		return withRC{withR{r}}
	case set{true, true, true, false, false}:
		return withFHP{withFH{withF{r}}}
	case set{true, true, false, true, false}:
		return withFHR{withFH{withF{r}}}
	case set{true, true, false, false, true}:
		return withFHC{withFH{withF{r}}}
	case set{true, false, true, true, false}:
		return withFPR{withFP{withF{r}}}
	case set{true, false, true, false, true}:
		return withFPC{withFP{withF{r}}}
	case set{true, false, false, true, true}:
		return withFRC{withFR{withF{r}}}
	case set{false, true, true, true, false}:
		return withHPR{withHP{withH{r}}}
	case set{false, true, true, false, true}:
		return withHPC{withHP{withH{r}}}
	case set{false, true, false, true, true}:
		return withHRC{withHR{withH{r}}}
	case set{false, false, true, true, true}:
		return withPRC{withPR{withP{r}}}
	case set{true, true, true, true, false}:
		return withFHPR{withFHP{withFH{withF{r}}}}
	case set{true, true, true, false, true}:
		return withFHPC{withFHP{withFH{withF{r}}}}
	case set{true, true, false, true, true}:
		return withFHRC{withFHR{withFH{withF{r}}}}
	case set{true, false, true, true, true}:
		return withFPRC{withFPR{withFP{withF{r}}}}
	case set{false, true, true, true, true}:
		return withHPRC{withHPR{withHP{withH{r}}}}
	case set{true, true, true, true, true}:
		return withFHPRC{withFHPR{withFHP{withFH{withF{r}}}}}
	}
	return r
}

type set struct{ flush, hijack, push, readFrom, closeNotify bool }

// closeNotifier is http.CloseNotifier, which is deprecated, but which gin's
// streams ask for.
type closeNotifier interface{ CloseNotify() <-chan bool }
