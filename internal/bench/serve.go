package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// serve answers as the named stack on a port of its own, which it prints, until
// its standard input ends.
func serve(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || stackNamed(args[0]) == nil {
		return fmt.Errorf("serve wants one of the stacks, got %q", args)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := http.Server{
		Handler:           stackNamed(args[0]).make(),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	fmt.Fprintf(out, "http://%s/orders\n", listener.Addr())
	go s.Serve(listener)
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	return s.Close()
}
