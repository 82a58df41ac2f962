// Package routers proves on the wire what the middlewares promise: real
// servers and real clients, over HTTP/1.1 and HTTP/2, with net/http's mux, chi,
// and gin inside and around. It is a module of its own because the library
// itself needs none of these routers.
package routers
