package validate_test

type registration struct {
	OrganizationName string `json:"organizationName" validate:"notblank"`
	Email            string `json:"email" validate:"required,email"`
	Password         string `json:"password" validate:"required,min=8,max=128"`
}
