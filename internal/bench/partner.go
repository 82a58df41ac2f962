package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A partner is this program as another checkout has it, in a process of its
// own. It waits until it is told to take a turn, so two versions of one package
// can be compared although one process has room for only one of them.
type partner struct {
	in      io.WriteCloser
	out     *bufio.Reader
	command *exec.Cmd
}

// newPartner builds and starts the program of the checkout in root.
func newPartner(root string) (*partner, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // a running program needs no name
	program := filepath.Join(dir, "bench")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join(root, "internal", "bench")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building %s: %w\n%s", build.Dir, err, out)
	}
	p := &partner{command: exec.Command(program, "partner")}
	p.command.Stderr = os.Stderr
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.command.Start()
}

// close ends the process.
func (p *partner) close() error {
	p.in.Close()
	return p.command.Wait()
}

// ask sends one line and reads one.
func (p *partner) ask(question string) (float64, error) {
	if _, err := fmt.Fprintln(p.in, question); err != nil {
		return 0, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	var ns float64
	if _, err := fmt.Sscan(line, &ns); err != nil {
		return 0, fmt.Errorf("the other checkout: %s", strings.TrimSpace(line))
	}
	return ns, nil
}

// partnerLane is a contender in the process of a partner.
type partnerLane struct {
	*partner
	question string
}

// lanes makes contenders ready, all or none.
func (p *partner) lanes(rc *race, names []string) (map[string]turner, error) {
	lanes := map[string]turner{}
	for _, by := range withGround(rc, names) {
		l := partnerLane{p, rc.name + " " + by}
		if _, err := l.turn(); err != nil {
			return nil, err
		}
		lanes[by] = l
	}
	return lanes, nil
}

func (l partnerLane) turn() (float64, error) { return l.ask(l.question) }

// servePartner answers each line, which names a race and a contender, with the
// nanoseconds of a turn or with what is wrong. It keeps the lanes of one race.
func servePartner(in io.Reader, out io.Writer) {
	var rc *race
	var lanes map[string]*lane
	turn := func(name, by string) (float64, error) {
		if rc == nil || rc.name != name {
			if rc != nil {
				rc.close()
			}
			next, err := raceNamed(name)
			if err != nil {
				return 0, err
			}
			rc, lanes = next, map[string]*lane{}
		}
		if lanes[by] == nil {
			l, err := newLane(rc, by)
			if err != nil {
				return 0, err
			}
			lanes[by] = l
		}
		return lanes[by].turn()
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		name, by, _ := strings.Cut(lines.Text(), " ")
		ns, err := turn(name, by)
		if err != nil {
			fmt.Fprintln(out, strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Fprintln(out, ns)
	}
	if rc != nil {
		rc.close()
	}
}
