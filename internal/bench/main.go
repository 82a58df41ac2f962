package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
	"github.com/go-playground/validator/v10"
	"github.com/redis/go-redis/v9"
)

const usage = `usage:
	bench compare [-rounds n] [-only races] [-before checkout]
	bench wire [-rounds n] [-time d]
`

func main() {
	heap := setUp()
	err := command(os.Args[1:])
	runtime.KeepAlive(heap)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// command runs one of the commands. Those that usage does not name are for the
// processes that this program starts.
func command(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%s", usage)
	}
	switch name, args := args[0], args[1:]; name {
	case "compare":
		return compareCommand(args)
	case "wire":
		return wireCommand(args)
	case "partner":
		servePartner(os.Stdin, os.Stdout)
		return nil
	case "serve":
		return serve(args, os.Stdin, os.Stdout)
	}
	return fmt.Errorf("%s", usage)
}

func compareCommand(args []string) error {
	flags := flag.NewFlagSet("compare", flag.ExitOnError)
	rounds := flags.Int("rounds", 101, "`number` of turns of each contender")
	only := flags.String("only", "", "run the races whose names match this `pattern`")
	root := flags.String("before", "", "`directory` of another checkout to compare with")
	flags.Parse(args)
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	if *root == "" {
		return compare(os.Stdout, *rounds, pattern, nil)
	}
	others, err := partners(*root)
	if err != nil {
		return err
	}
	for _, other := range others {
		defer other.close()
	}
	return compare(os.Stdout, *rounds, pattern, others)
}

func wireCommand(args []string) error {
	flags := flag.NewFlagSet("wire", flag.ExitOnError)
	rounds := flags.Int("rounds", 7, "`number` of turns of each stack")
	turn := flags.Duration("time", time.Second, "`duration` of a turn")
	flags.Parse(args)
	return wire(os.Stdout, *rounds, *turn)
}

// setUp sets what is one for the whole process, and returns a heap to keep. A
// service has one; without it the collector would run for every four mebibytes,
// and the figures would be about little else.
func setUp() []byte {
	gin.SetMode(gin.ReleaseMode)
	binding.Validator.Engine().(*validator.Validate).RegisterTagNameFunc(jsonName) // gin has one engine
	redis.SetLogger(quiet{})
	return make([]byte, 64<<20)
}

// quiet is go-redis's logger: that nobody listens is a part of the work.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}
