package migrate_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/internal/guides/internal/wire"
	"github.com/backstop-go/backstop/internal/guides/migrate/chi"
	"github.com/backstop-go/backstop/internal/guides/migrate/gin"
	"github.com/backstop-go/backstop/internal/guides/migrate/huma"
	"github.com/backstop-go/backstop/internal/guides/migrate/problems"
	"github.com/backstop-go/backstop/internal/guides/migrate/tollbooth"
	"github.com/backstop-go/backstop/internal/guides/migrate/ulule"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"

	ginlib "github.com/gin-gonic/gin"
)

func TestMain(m *testing.M) {
	ginlib.SetMode(ginlib.ReleaseMode)
	ginlib.DefaultErrorWriter = io.Discard
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

type service func() (http.Handler, error)

func TestWhatChangesOnTheWire(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after service
		asks          []wire.Ask
	}{
		{"chi", chi.Before, chi.After, []wire.Ask{
			{Name: "success", Method: "GET", Path: "/notes"},
			{Name: "too many", Method: "GET", Path: "/notes", Times: 6},
			{Name: "too slow", Method: "GET", Path: "/slow"},
			{Name: "panic", Method: "GET", Path: "/panic"},
			{Name: "too large", Method: "POST", Path: "/notes", Body: strings.Repeat("a", 1<<20+1)},
		}},
		{"gin", gin.Before, gin.After, []wire.Ask{
			{Name: "success", Method: "POST", Path: "/items", Body: `{"name":"Lamp","price":5}`},
			{Name: "broken rules", Method: "POST", Path: "/items", Body: `{"price":-1}`},
			{Name: "wrong type", Method: "POST", Path: "/items", Body: `{"name":"Lamp","price":"5"}`},
			{Name: "malformed", Method: "POST", Path: "/items", Body: `{"name":`},
			{Name: "name twice", Method: "POST", Path: "/items", Body: `{"name":"Lamp","name":"Bulb","price":5}`},
			{Name: "other case", Method: "POST", Path: "/items", Body: `{"NAME":"Lamp","price":5}`},
			{Name: "text after the object", Method: "POST", Path: "/items", Body: `{"name":"Lamp","price":5} {}`},
			{Name: "half a pair", Method: "POST", Path: "/items", Body: `{"name":"\ud800","price":5}`},
			{Name: "too large", Method: "POST", Path: "/items", Body: `{"name":"Lamp","price":5` + strings.Repeat(" ", 1<<20) + `}`},
			{Name: "text", Method: "POST", Path: "/items", Body: `{"name":"Lamp","price":5}`, Type: "text/plain"},
		}},
		{"ulule", around(ulule.Before), around(ulule.After), []wire.Ask{
			{Name: "success", Method: "GET", Path: "/"},
			{Name: "too many", Method: "GET", Path: "/", Times: 6},
		}},
		{"tollbooth", around(tollbooth.Before), around(tollbooth.After), []wire.Ask{
			{Name: "success", Method: "GET", Path: "/"},
			{Name: "too many", Method: "GET", Path: "/", Times: 2},
		}},
		{"huma", huma.Before, huma.After, []wire.Ask{
			{Name: "success", Method: "PUT", Path: "/notes/1", Body: `{"text":"Buy milk"}`},
			{Name: "not found", Method: "PUT", Path: "/notes/7", Body: `{"text":"Buy milk"}`},
			{Name: "broken rules", Method: "PUT", Path: "/notes/123456789", Body: `{"text":""}`},
			{Name: "unknown path", Method: "GET", Path: "/nope"},
		}},
		{"huma-kept", huma.Before, standard(huma.Before), []wire.Ask{
			{Name: "not found", Method: "PUT", Path: "/notes/7", Body: `{"text":"Buy milk"}`},
			{Name: "unknown path", Method: "GET", Path: "/nope"},
		}},
		{"problems", problems.Before, problems.After, []wire.Ask{
			{Name: "not found", Method: "GET", Path: "/notes/7"},
			{Name: "unknown path", Method: "GET", Path: "/nope"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := golden.Open(t, filepath.Join("testdata", c.name))
			for _, ask := range c.asks {
				wire.Compare(t, files, c.before.fresh(t), c.after.fresh(t), ask)
			}
		})
	}
}

// around makes a service of a limit and one handler.
func around(limit func(http.Handler) (http.Handler, error)) service {
	return func() (http.Handler, error) {
		return limit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "three notes") }))
	}
}

// standard puts [middleware.Standard] around a service.
func standard(s service) service {
	return func() (http.Handler, error) {
		h, err := s()
		return middleware.Standard(problem.New(problem.Config{}))(h), err
	}
}

// fresh returns a new handler of the service, whose limits are not used yet.
func (s service) fresh(t *testing.T) http.Handler {
	t.Helper()
	h, err := s()
	if err != nil {
		t.Fatal(err)
	}
	return h
}
