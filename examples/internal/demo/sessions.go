package demo

import (
	"net/http"
	"time"
)

// NewSession is the body of POST /sessions.
type NewSession struct {
	DurationHours int `json:"durationHours" validate:"required,min=1,max=24"`
}

type session struct {
	ID            string    `json:"id"`
	DurationHours int       `json:"durationHours"`
	CreatedAt     time.Time `json:"createdAt"`
}

func listSessions(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, []session{{newID, 8, now()}})
}

func createSession(w http.ResponseWriter, _ *http.Request, in NewSession) error {
	return reply(w, http.StatusCreated, session{newID, in.DurationHours, now()})
}

func listUsers(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, []user{ann, bob, eve})
}

type credential struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Provider string `json:"provider"`
}

func listCredentials(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, []credential{{"7c9e6679-7425-40de-944b-e07fc1f90ae7", "AWS production", "AWS"}})
}
