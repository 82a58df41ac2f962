package authrim

import "github.com/backstop-go/backstop/problem"

// The codes that the vendor publishes, in the order of its page. The text of a code is
// that of the page's example. If there is no example, or if the example speaks of one
// resource, the text is that of the page's table.
var (
	// Authentication and authorization.
	Unauthorized      = problem.Code{Name: "unauthorized", Kind: problem.Unauthenticated, Status: 401, Message: "Authentication token is invalid or expired"}
	TokenExpired      = problem.Code{Name: "token_expired", Kind: problem.TokenExpired, Status: 401, Message: "Token has expired"}
	TokenRevoked      = problem.Code{Name: "token_revoked", Kind: problem.TokenRevoked, Status: 401, Message: "Token has been revoked"}
	Forbidden         = problem.Code{Name: "forbidden", Kind: problem.Forbidden, Status: 403, Message: "You do not have permission to perform this operation"}
	InsufficientScope = problem.Code{Name: "insufficient_scope", Kind: problem.InsufficientScope, Status: 403, Message: "Required scope is missing"}

	// Resources.
	NotFound             = problem.Code{Name: "not_found", Kind: problem.NotFound, Status: 404, Message: "Resource not found"}
	UserNotFound         = problem.Code{Name: "user_not_found", Kind: problem.NotFound, Status: 404, Message: "User not found"}
	ClientNotFound       = problem.Code{Name: "client_not_found", Kind: problem.NotFound, Status: 404, Message: "Client not found"}
	OrganizationNotFound = problem.Code{Name: "organization_not_found", Kind: problem.NotFound, Status: 404, Message: "Organization not found"}
	RoleNotFound         = problem.Code{Name: "role_not_found", Kind: problem.NotFound, Status: 404, Message: "Role not found"}
	PolicyNotFound       = problem.Code{Name: "policy_not_found", Kind: problem.NotFound, Status: 404, Message: "Policy not found"}
	FlowNotFound         = problem.Code{Name: "flow_not_found", Kind: problem.NotFound, Status: 404, Message: "Flow not found"}

	// Validation.
	InvalidRequest  = problem.Code{Name: "invalid_request", Kind: problem.InvalidRequest, Status: 400, Message: "Invalid JSON in request body"}
	ValidationError = problem.Code{Name: "validation_error", Kind: problem.Validation, Status: 422, Message: "Invalid input data"}
	InvalidEmail    = problem.Code{Name: "invalid_email", Kind: problem.Validation, Status: 422, Message: "Invalid email address format"}
	InvalidPassword = problem.Code{Name: "invalid_password", Kind: problem.Validation, Status: 422, Message: "Password does not meet requirements"}
	InvalidJSON     = problem.Code{Name: "invalid_json", Kind: problem.InvalidRequest, Status: 400, Message: "JSON parsing failed"}

	// Conflicts.
	Conflict              = problem.Code{Name: "conflict", Kind: problem.Conflict, Status: 409, Message: "Resource conflict"}
	EmailAlreadyExists    = problem.Code{Name: "email_already_exists", Kind: problem.Conflict, Status: 409, Message: "Email address is already in use"}
	ClientIDAlreadyExists = problem.Code{Name: "client_id_already_exists", Kind: problem.Conflict, Status: 409, Message: "Client ID is already in use"}
	RoleAlreadyAssigned   = problem.Code{Name: "role_already_assigned", Kind: problem.Conflict, Status: 409, Message: "Role is already assigned"}

	// States.
	UserSuspended  = problem.Code{Name: "user_suspended", Kind: problem.Forbidden, Status: 403, Message: "User is suspended"}
	UserLocked     = problem.Code{Name: "user_locked", Kind: problem.Forbidden, Status: 403, Message: "User is locked"}
	ClientDisabled = problem.Code{Name: "client_disabled", Kind: problem.Forbidden, Status: 403, Message: "Client is disabled"}
	FlowInactive   = problem.Code{Name: "flow_inactive", Kind: problem.InvalidRequest, Status: 400, Message: "Flow is inactive"}

	// Jobs.
	JobNotFound  = problem.Code{Name: "job_not_found", Kind: problem.NotFound, Status: 404, Message: "Job not found"}
	JobFailed    = problem.Code{Name: "job_failed", Kind: problem.Internal, Status: 500, Message: "Job execution failed", Retry: problem.Backoff}
	JobCancelled = problem.Code{Name: "job_cancelled", Kind: problem.InvalidRequest, Status: 400, Message: "Job was cancelled"}
	ImportFailed = problem.Code{Name: "import_failed", Kind: problem.Validation, Status: 422, Message: "Import processing failed"}
	ExportFailed = problem.Code{Name: "export_failed", Kind: problem.Internal, Status: 500, Message: "Export processing failed", Retry: problem.Backoff}

	// The system.
	InternalError      = problem.Code{Name: "internal_error", Kind: problem.Internal, Status: 500, Message: "An internal error occurred. Please try again later.", Retry: problem.Backoff}
	ServiceUnavailable = problem.Code{Name: "service_unavailable", Kind: problem.Unavailable, Status: 503, Message: "Service temporarily unavailable", Retry: problem.Backoff}
	DatabaseError      = problem.Code{Name: "database_error", Kind: problem.Internal, Status: 500, Message: "Database error", Retry: problem.Backoff}
	Timeout            = problem.Code{Name: "timeout", Kind: problem.Timeout, Status: 504, Message: "Request timeout", Retry: problem.Backoff}

	// The page shows this code only in its example of a 429.
	RateLimitExceeded = problem.Code{Name: "rate_limit_exceeded", Kind: problem.RateLimited, Status: 429, Message: "Rate limit exceeded", Retry: problem.AfterDelay}
)

// codes lists the published codes in the order of the page.
var codes = []problem.Code{
	Unauthorized, TokenExpired, TokenRevoked, Forbidden, InsufficientScope, NotFound,
	UserNotFound, ClientNotFound, OrganizationNotFound, RoleNotFound, PolicyNotFound,
	FlowNotFound, InvalidRequest, ValidationError, InvalidEmail, InvalidPassword, InvalidJSON,
	Conflict, EmailAlreadyExists, ClientIDAlreadyExists, RoleAlreadyAssigned, UserSuspended,
	UserLocked, ClientDisabled, FlowInactive, JobNotFound, JobFailed, JobCancelled, ImportFailed,
	ExportFailed, InternalError, ServiceUnavailable, DatabaseError, Timeout, RateLimitExceeded,
}
