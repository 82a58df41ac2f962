package problem

import (
	"fmt"
	"net/http"
	"strings"
)

// challenge holds the values of WWW-Authenticate, which RFC 9110 requires on a 401.
//
// https://www.rfc-editor.org/rfc/rfc6750#section-3
type challenge struct{ plain, invalidToken, insufficientScope string }

// newChallenge reads [Config.Challenge]. Only the scheme Bearer has error codes.
func newChallenge(text string) (challenge, error) {
	if text == "" {
		text = "Bearer"
	}
	scheme, params, _ := strings.Cut(text, " ")
	if scheme == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return challenge{}, fmt.Errorf("problem: challenge %q is not a valid WWW-Authenticate", text)
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return challenge{text, text, text}, nil
	}
	next := text + " "
	if params != "" {
		next = text + ", "
	}
	return challenge{text, next + `error="invalid_token"`, next + `error="insufficient_scope"`}, nil
}

// challengeFor returns the challenge of an answer, or "" if it has none.
func (p *Responder) challengeFor(v *View) string {
	switch {
	case p.cfg.NoChallenge:
		return ""
	case v.Kind == InsufficientScope:
		return p.challenge.insufficientScope
	case v.Status != http.StatusUnauthorized:
		return ""
	case v.Kind == TokenExpired, v.Kind == TokenInvalid, v.Kind == TokenRevoked:
		return p.challenge.invalidToken
	}
	return p.challenge.plain
}
