// Package examples_test builds the example programs, starts them, and sends all of them the
// same requests.
package examples_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/questions"
)

func TestMain(m *testing.M) { os.Exit(questions.Main(m, ".")) }

func TestBadFlagsAreOneLineAndStatus2(t *testing.T) {
	for _, args := range []string{
		"-rate 0", "-rate -5", "-rate x", "-rate 1.5", "-rate 9223372036854775807", "-rate 1844674407370955162",
		"-timeout -1s", "-timeout 0", "-timeout 5", "-timeout soon",
		"-style xml", "-style EntryGuard", "-style=",
		"-addr 127.0.0.1", "-addr 127.0.0.1:", "-addr=", "-addr 127.0.0.1:99999", "-addr 300.1.1.1:0", "-addr :x!",
		"-debug=maybe", "-nope", "extra", "-rate 0 -style xml",
	} {
		for _, name := range questions.Programs {
			var stdout, stderr bytes.Buffer
			cmd := exec.Command(filepath.Join(questions.Bin, name), strings.Fields(args)...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Start()
			if err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
			err = cmd.Wait()
			late.Stop()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 2 {
				t.Errorf("%s %s: %v, want exit status 2", name, args, err)
			}
			if n := strings.Count(stderr.String(), "\n"); n != 1 || stdout.Len() > 0 {
				t.Errorf("%s %s says %q and %q, want one line on standard error", name, args, stdout.String(), stderr.String())
			}
		}
	}
}

func TestInterruptEndsAStreamGracefully(t *testing.T) {
	for _, s := range questions.StartAll(t) {
		req, err := http.NewRequest("GET", "http://"+s.Addr+"/api/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer user-token")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		first := make([]byte, 1) // once it is read, the stream has begun
		if _, err := io.ReadFull(resp.Body, first); err != nil {
			t.Fatal(err)
		}
		s.Stop(t)
		rest, err := io.ReadAll(resp.Body)
		if n := bytes.Count(rest, []byte("data:")); n != 3 || err != nil {
			t.Errorf("%s, interrupted during a stream, sends %d events (%v), want all 3", s.Name, n, err)
		}
	}
}

func TestAStreamHasNoDeadline(t *testing.T) {
	stream := questions.Call{Method: "GET", Target: "/api/v1/events", Header: []string{questions.User}}
	servers := questions.StartAll(t, "-timeout", "20ms") // three events take 200 ms
	for i, got := range askAll(servers, stream) {
		if len(got) != 1 || got[0].Cut || strings.Count(got[0].Body, "data:") != 3 {
			t.Errorf("%s streams %v, want three events", servers[i].Name, got)
		}
	}
	for i, got := range askAll(servers, questions.Call{Method: "GET", Target: "/api/v1/faults/slow"}) {
		if len(got) != 1 || got[0].Status != http.StatusGatewayTimeout {
			t.Errorf("%s answers %v past its deadline, want 504", servers[i].Name, got)
		}
	}
}
