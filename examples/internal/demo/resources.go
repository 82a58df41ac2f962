package demo

import (
	"net/http"
	"strings"
	"time"

	"github.com/backstop-go/backstop/problem"
)

type resource struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Provider string `json:"provider"`
	Status   string `json:"status"`
}

// database is the one resource that exists.
var database = resource{"550e8400-e29b-41d4-a716-446655440000", "Production Database", "AWS", "ACTIVE"}

// ResourceID is the parameter of the routes under /resources/{id}. It has no
// member of a body, so no body is read.
type ResourceID struct {
	ID string `path:"id" validate:"uuid_rfc4122"`
}

// find returns the same error for a resource that does not exist and for one of another
// user. Otherwise a client could find out which resources other users have.
func find(id string) (resource, error) {
	if !strings.EqualFold(id, database.ID) {
		return resource{}, problem.NotFound
	}
	return database, nil
}

func getResource(w http.ResponseWriter, _ *http.Request, in ResourceID) error {
	found, err := find(in.ID)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, found)
}

func deleteResource(w http.ResponseWriter, _ *http.Request, in ResourceID) error {
	if _, err := find(in.ID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// NewResource is the body of POST /resources.
type NewResource struct {
	Name         string         `json:"name" validate:"required,min=1,max=100"`
	Provider     string         `json:"provider" validate:"required,oneof=AWS GCP AZURE"`
	CredentialID string         `json:"credentialId" validate:"required,uuid_rfc4122"`
	Config       ResourceConfig `json:"config" validate:"required"`
	Tags         []Tag          `json:"tags" validate:"max=10,dive"`
}

// ResourceConfig says where a resource runs.
type ResourceConfig struct {
	SecurityGroupID string `json:"securityGroupId" validate:"required"`
	Region          string `json:"region" validate:"required"`
}

// Tag is a label of a resource.
type Tag struct {
	Key   string `json:"key" validate:"required,min=1,max=64"`
	Value string `json:"value"`
}

func createResource(w http.ResponseWriter, _ *http.Request, in NewResource) error {
	return reply(w, http.StatusCreated, struct {
		ID        string    `json:"id"`
		Name      string    `json:"name"`
		Provider  string    `json:"provider"`
		CreatedAt time.Time `json:"createdAt"`
	}{newID, in.Name, in.Provider, now()})
}

// Search is the query of GET /search.
type Search struct {
	Q     string `query:"q" validate:"required,min=2,max=64"`
	Limit int    `query:"limit" default:"20" validate:"min=1,max=100"`
	Sort  string `query:"sort" default:"name" validate:"oneof=name createdAt"`
}

func search(w http.ResponseWriter, _ *http.Request, in Search) error {
	hits := []resource{}
	if strings.Contains(strings.ToLower(database.Name), strings.ToLower(in.Q)) {
		hits = append(hits, database)
	}
	return reply(w, http.StatusOK, struct {
		Limit   int        `json:"limit"`
		Sort    string     `json:"sort"`
		Results []resource `json:"results"`
	}{in.Limit, in.Sort, hits})
}
