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

// A partner is this program in another process, which waits until it is told to
// take a turn.
type partner struct {
	mark    string // before the names of its contenders
	in      io.WriteCloser
	out     *bufio.Reader
	command *exec.Cmd
}

// partners are two versions of one package, for which one process has no room:
// this program, and the one that the checkout in root has. This one needs a
// process of its own, too, because a process that sleeps between its turns is
// slower by a tenth and more than one that does not.
func partners(root string) ([]*partner, error) {
	here, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // a running program needs no name
	there := filepath.Join(dir, "bench")
	if err := build(filepath.Join(root, "internal", "bench"), there); err != nil {
		return nil, err
	}
	var both []*partner
	for mark, program := range map[string]string{now: here, before: there} {
		p, err := startPartner(mark, program, "partner")
		if err != nil {
			return nil, err
		}
		both = append(both, p)
	}
	return both, nil
}

func build(dir, program string) error {
	command := exec.Command("go", "build", "-o", program, ".")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", dir, err, out)
	}
	return nil
}

func startPartner(mark, program string, args ...string) (*partner, error) {
	p := &partner{mark: mark, command: exec.Command(program, args...)}
	p.command.Stderr = os.Stderr
	var err error
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
