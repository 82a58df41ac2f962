package validate

import (
	"sync"
	"time"

	"github.com/go-playground/validator/v10"
)

// Config says how requests are read. Its zero value is usable. No limit can be
// switched off: those that name no bound of their own end at 1<<30.
type Config struct {
	MaxBody     int64         // bytes of a body; default 1 MiB, at most 2 GiB - 1
	MaxDepth    int           // containers within each other; default 64, at most 10,000
	MaxElements int           // members or elements of one container; default 10,000
	MaxTokens   int           // values and names of one body; default 100,000
	MaxValue    int64         // bytes of memory that the decoded body takes; default 64 MiB, at most 1 TiB
	MaxErrors   int           // field errors of one request; default and at most 100
	MaxParams   int           // pairs of a query or a form; default 1,000
	ReadTimeout time.Duration // of one body; default 0, the server's own read deadline
	MediaTypes  []string      // default application/json; "application/*+json" may be added
	TagName     string        // default "validate"; "binding" reads the structs of gin

	AllowEmpty         bool // an empty body is the zero value, which is then validated
	AllowNoContentType bool // a missing Content-Type counts as the wanted one
	AllowNullElements  bool // null as list element or map value
	AllowOutsideTags   bool // rules that touch files or DNS
	ReportUnknown      bool // an unknown member is a field error; otherwise it is ignored
	RequiredByPresence bool // required on numbers, booleans, times: sent, rather than not zero

	Rules   map[string]Rule   // own tags
	Aliases map[string]string // own names for tag lists
}

// A Rule is a tag of your own.
type Rule struct {
	// Check reports whether a value passes. It must be safe for concurrent use.
	// Below a map or a list of structs, Top is the element.
	Check validator.FuncCtx

	// Text is the sentence for a failure, as [problem.FieldError].Message has
	// it. Empty means the style's fallback.
	Text string
}

// A Validator decodes and validates requests. It is safe for concurrent use. A
// nil *Validator works as one made from the zero [Config].
type Validator struct {
	cfg   Config
	plans sync.Map // reflect.Type to func() *plan
}
