// Package huma shows an operation of huma, and the same operation with this module.
package huma

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

type noteInput struct {
	ID   string `path:"id" maxLength:"8"`
	Body struct {
		Text string `json:"text" minLength:"1"`
	}
}

type noteOutput struct {
	Body struct {
		ID string `json:"id"`
	}
}

// Before uses huma.
func Before() (http.Handler, error) {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("Notes", "1.0.0"))
	huma.Put(api, "/notes/{id}", func(_ context.Context, in *noteInput) (*noteOutput, error) {
		if in.ID == "7" {
			return nil, huma.Error404NotFound("no such note")
		}
		out := &noteOutput{}
		out.Body.ID = in.ID
		return out, nil
	})
	return mux, nil
}
