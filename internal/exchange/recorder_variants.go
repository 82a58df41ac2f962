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

// variants is one for each set of optional interfaces; the bits of an index are
// F, H, P, R and C, the lowest first.
var variants = [...]func(r *Recorder) http.ResponseWriter{
	func(r *Recorder) http.ResponseWriter { return r },
	func(r *Recorder) http.ResponseWriter { return withF{r} },
	func(r *Recorder) http.ResponseWriter { return withH{r} },
	func(r *Recorder) http.ResponseWriter { return withFH{withF{r}} },
	func(r *Recorder) http.ResponseWriter { return withP{r} },
	func(r *Recorder) http.ResponseWriter { return withFP{withF{r}} },
	func(r *Recorder) http.ResponseWriter { return withHP{withH{r}} },
	func(r *Recorder) http.ResponseWriter { return withFHP{withFH{withF{r}}} },
	func(r *Recorder) http.ResponseWriter { return withR{r} },
	func(r *Recorder) http.ResponseWriter { return withFR{withF{r}} },
	func(r *Recorder) http.ResponseWriter { return withHR{withH{r}} },
	func(r *Recorder) http.ResponseWriter { return withFHR{withFH{withF{r}}} },
	func(r *Recorder) http.ResponseWriter { return withPR{withP{r}} },
	func(r *Recorder) http.ResponseWriter { return withFPR{withFP{withF{r}}} },
	func(r *Recorder) http.ResponseWriter { return withHPR{withHP{withH{r}}} },
	func(r *Recorder) http.ResponseWriter { return withFHPR{withFHP{withFH{withF{r}}}} },
	func(r *Recorder) http.ResponseWriter { return withC{r} },
	func(r *Recorder) http.ResponseWriter { return withFC{withF{r}} },
	func(r *Recorder) http.ResponseWriter { return withHC{withH{r}} },
	func(r *Recorder) http.ResponseWriter { return withFHC{withFH{withF{r}}} },
	func(r *Recorder) http.ResponseWriter { return withPC{withP{r}} },
	func(r *Recorder) http.ResponseWriter { return withFPC{withFP{withF{r}}} },
	func(r *Recorder) http.ResponseWriter { return withHPC{withHP{withH{r}}} },
	func(r *Recorder) http.ResponseWriter { return withFHPC{withFHP{withFH{withF{r}}}} },
	func(r *Recorder) http.ResponseWriter { return withRC{withR{r}} },
	func(r *Recorder) http.ResponseWriter { return withFRC{withFR{withF{r}}} },
	func(r *Recorder) http.ResponseWriter { return withHRC{withHR{withH{r}}} },
	func(r *Recorder) http.ResponseWriter { return withFHRC{withFHR{withFH{withF{r}}}} },
	func(r *Recorder) http.ResponseWriter { return withPRC{withPR{withP{r}}} },
	func(r *Recorder) http.ResponseWriter { return withFPRC{withFPR{withFP{withF{r}}}} },
	func(r *Recorder) http.ResponseWriter { return withHPRC{withHPR{withHP{withH{r}}}} },
	func(r *Recorder) http.ResponseWriter { return withFHPRC{withFHPR{withFHP{withFH{withF{r}}}}} },
}

// variant returns r with the optional interfaces of the writer beneath.
func (r *Recorder) variant() http.ResponseWriter {
	i := 0
	if _, ok := r.w.(http.Flusher); ok {
		i |= 1
	}
	if _, ok := r.w.(http.Hijacker); ok {
		i |= 2
	}
	if _, ok := r.w.(http.Pusher); ok {
		i |= 4
	}
	if _, ok := r.w.(io.ReaderFrom); ok {
		i |= 8
	}
	if _, ok := r.w.(closeNotifier); ok {
		i |= 16
	}
	return variants[i](r)
}

// closeNotifier is http.CloseNotifier, which is deprecated, but which gin's
// streams ask for.
type closeNotifier interface{ CloseNotify() <-chan bool }
