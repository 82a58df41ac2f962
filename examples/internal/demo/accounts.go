package demo

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// newID is the ID of everything that is created. Nothing is kept, so one ID is enough.
const newID = "123e4567-e89b-12d3-a456-426614174000"

// now is the time in the form of every body: UTC, whole seconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// Registration is the body of POST /auth/register.
type Registration struct {
	OrganizationName string `json:"organizationName" validate:"notblank"`
	Email            string `json:"email" validate:"required,email"`
	Password         string `json:"password" validate:"required,min=8,max=128"`
}

type account struct {
	ID               string    `json:"id"`
	OrganizationName string    `json:"organizationName"`
	Email            string    `json:"email"`
	CreatedAt        time.Time `json:"createdAt"`
}

// accounts knows the style because of its codes: if the vendor has published a code for a
// failure, the handler returns that code instead of a kind.
type accounts struct{ style problem.Style }

func (a accounts) create(in Registration) (account, error) {
	if in.Email == "taken@example.com" {
		return account{}, a.taken()
	}
	return account{newID, in.OrganizationName, in.Email, now()}, nil
}

func (a accounts) taken() error {
	if code, ok := published(a.style, "email_already_exists"); ok {
		return code
	}
	return problem.Conflict.New("This email address is already in use")
}

func (a accounts) register(w http.ResponseWriter, _ *http.Request, in Registration) error {
	created, err := a.create(in)
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, created)
}

// legacyRegister is an old handler: it reads the body itself, does not validate it, and
// writes its errors as text. [validate.Handler] in front of it refuses an invalid body, and
// puts a valid one back. [middleware.Rewrite] replaces the text by the envelope. The handler
// itself was changed in one place: the conflict is an error of package problem.
func (a accounts) legacyRegister(w http.ResponseWriter, r *http.Request) {
	var in Registration
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	created, err := a.create(in)
	if err != nil {
		problem.Respond(w, r, err)
		return
	}
	if err := reply(w, http.StatusCreated, created); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// Refresh is the body of POST /auth/refresh.
type Refresh struct {
	RefreshToken string `json:"refreshToken" validate:"required"`
}

type tokens struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
}

func refresh(w http.ResponseWriter, _ *http.Request, in Refresh) error {
	if in.RefreshToken != "refresh-demo" {
		return problem.TokenInvalid.Wrap(errors.New("unknown refresh token"), "")
	}
	return reply(w, http.StatusOK, tokens{"user-token", in.RefreshToken})
}

// published returns the published code of a style with that name.
func published(style problem.Style, name string) (problem.Code, bool) {
	for _, code := range style.Codes {
		if code.Name == name {
			return code, true
		}
	}
	return problem.Code{}, false
}
