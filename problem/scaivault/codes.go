package scaivault

import "github.com/backstop-go/backstop/problem"

// The codes that the vendor publishes, in the order of its page. The page gives most
// codes a meaning, but no message. A meaning that reads as a message is the text of the
// code; the other texts are ours.
var (
	// Authentication and authorization.
	AuthenticationRequired = problem.Code{Name: "authentication_required", Kind: problem.Unauthenticated, Status: 401, Message: "Missing Authorization header"}
	TokenExpired           = problem.Code{Name: "token_expired", Kind: problem.TokenExpired, Status: 401, Message: "Token has expired"}
	TokenInvalid           = problem.Code{Name: "token_invalid", Kind: problem.TokenInvalid, Status: 401, Message: "Token is invalid"}
	TokenRevoked           = problem.Code{Name: "token_revoked", Kind: problem.TokenRevoked, Status: 401, Message: "Token has been revoked"}
	AccessDenied           = problem.Code{Name: "access_denied", Kind: problem.Forbidden, Status: 403, Message: "No matching policy rule"}
	InsufficientScope      = problem.Code{Name: "insufficient_scope", Kind: problem.InsufficientScope, Status: 403, Message: "Token scope too narrow"}
	MFARequired            = problem.Code{Name: "mfa_required", Kind: problem.Forbidden, Status: 403, Message: "Rule requires fresh MFA"}
	IPNotAllowed           = problem.Code{Name: "ip_not_allowed", Kind: problem.Forbidden, Status: 403, Message: "IP outside allowed ranges"}
	TimeWindowViolation    = problem.Code{Name: "time_window_violation", Kind: problem.Forbidden, Status: 403, Message: "Outside time window"}
	TenantAccessDenied     = problem.Code{Name: "tenant_access_denied", Kind: problem.Forbidden, Status: 403, Message: "Cross-tenant access requires partner admin"}
	Forbidden              = problem.Code{Name: "forbidden", Kind: problem.Forbidden, Status: 403, Message: "Access denied"}

	// Validation.
	InvalidRequest    = problem.Code{Name: "invalid_request", Kind: problem.InvalidRequest, Status: 400, Message: "Malformed request"}
	InvalidPath       = problem.Code{Name: "invalid_path", Kind: problem.InvalidRequest, Status: 400, Message: "Path format violation"}
	InvalidSecretType = problem.Code{Name: "invalid_secret_type", Kind: problem.InvalidRequest, Status: 400, Message: "Unknown secret_type"}
	InvalidDuration   = problem.Code{Name: "invalid_duration", Kind: problem.InvalidRequest, Status: 400, Message: "Duration string didn't parse"}
	InvalidCursor     = problem.Code{Name: "invalid_cursor", Kind: problem.InvalidRequest, Status: 400, Message: "Cursor expired or malformed"}
	InvalidPolicy     = problem.Code{Name: "invalid_policy", Kind: problem.InvalidRequest, Status: 400, Message: "Policy rules/bindings invalid"}
	InvalidGlob       = problem.Code{Name: "invalid_glob", Kind: problem.InvalidRequest, Status: 400, Message: "Path pattern not a valid glob"}
	InvalidRole       = problem.Code{Name: "invalid_role", Kind: problem.InvalidRequest, Status: 400, Message: "Role name invalid"}
	InvalidConfig     = problem.Code{Name: "invalid_config", Kind: problem.InvalidRequest, Status: 400, Message: "Engine/backend config rejected"}
	ValidationError   = problem.Code{Name: "validation_error", Kind: problem.Validation, Status: 422, Message: "Validation failed"}

	// Not found.
	SecretNotFound            = problem.Code{Name: "secret_not_found", Kind: problem.NotFound, Status: 404, Message: "Secret not found"}
	VersionNotFound           = problem.Code{Name: "version_not_found", Kind: problem.NotFound, Status: 404, Message: "Version not found"}
	PolicyNotFound            = problem.Code{Name: "policy_not_found", Kind: problem.NotFound, Status: 404, Message: "Policy not found"}
	BindingNotFound           = problem.Code{Name: "binding_not_found", Kind: problem.NotFound, Status: 404, Message: "Binding not found"}
	WebhookNotFound           = problem.Code{Name: "webhook_not_found", Kind: problem.NotFound, Status: 404, Message: "Webhook not found"}
	SubscriptionNotFound      = problem.Code{Name: "subscription_not_found", Kind: problem.NotFound, Status: 404, Message: "Subscription not found"}
	RotationPolicyNotFound    = problem.Code{Name: "rotation_policy_not_found", Kind: problem.NotFound, Status: 404, Message: "Rotation policy not found"}
	SecretPolicyNotFound      = problem.Code{Name: "secret_policy_not_found", Kind: problem.NotFound, Status: 404, Message: "Secret policy not found"}
	CANotFound                = problem.Code{Name: "ca_not_found", Kind: problem.NotFound, Status: 404, Message: "CA not found"}
	CertificateNotFound       = problem.Code{Name: "certificate_not_found", Kind: problem.NotFound, Status: 404, Message: "Certificate not found"}
	CSRNotFound               = problem.Code{Name: "csr_not_found", Kind: problem.NotFound, Status: 404, Message: "CSR not found"}
	TrustAnchorNotFound       = problem.Code{Name: "trust_anchor_not_found", Kind: problem.NotFound, Status: 404, Message: "Trust anchor not found"}
	ACMEAccountNotFound       = problem.Code{Name: "acme_account_not_found", Kind: problem.NotFound, Status: 404, Message: "ACME account not found"}
	ACMEOrderNotFound         = problem.Code{Name: "acme_order_not_found", Kind: problem.NotFound, Status: 404, Message: "ACME order not found"}
	DNSProviderNotFound       = problem.Code{Name: "dns_provider_not_found", Kind: problem.NotFound, Status: 404, Message: "DNS provider not found"}
	EngineNotFound            = problem.Code{Name: "engine_not_found", Kind: problem.NotFound, Status: 404, Message: "Engine not found"}
	RoleNotFound              = problem.Code{Name: "role_not_found", Kind: problem.NotFound, Status: 404, Message: "Role not found"}
	LeaseNotFound             = problem.Code{Name: "lease_not_found", Kind: problem.NotFound, Status: 404, Message: "Lease not found"}
	TenantNotFound            = problem.Code{Name: "tenant_not_found", Kind: problem.NotFound, Status: 404, Message: "Tenant not found"}
	IdentityNotFound          = problem.Code{Name: "identity_not_found", Kind: problem.NotFound, Status: 404, Message: "Identity not found"}
	FederationBackendNotFound = problem.Code{Name: "federation_backend_not_found", Kind: problem.NotFound, Status: 404, Message: "Federation backend not found"}
	ExportNotFound            = problem.Code{Name: "export_not_found", Kind: problem.NotFound, Status: 404, Message: "Export not found"}

	// Conflict and state.
	SecretExists      = problem.Code{Name: "secret_exists", Kind: problem.Conflict, Status: 409, Message: "Soft-deleted path in retention"}
	VersionConflict   = problem.Code{Name: "version_conflict", Kind: problem.Conflict, Status: 409, Message: "Concurrent modification"}
	PolicyInUse       = problem.Code{Name: "policy_in_use", Kind: problem.Conflict, Status: 409, Message: "Policy has bindings"}
	EngineInUse       = problem.Code{Name: "engine_in_use", Kind: problem.Conflict, Status: 409, Message: "Engine has leases"}
	CAHasCertificates = problem.Code{Name: "ca_has_certificates", Kind: problem.Conflict, Status: 409, Message: "CA has issued certs"}
	NameConflict      = problem.Code{Name: "name_conflict", Kind: problem.Conflict, Status: 409, Message: "Name already taken"}
	BindingConflict   = problem.Code{Name: "binding_conflict", Kind: problem.Conflict, Status: 409, Message: "Identity already bound"}
	SecretExpired     = problem.Code{Name: "secret_expired", Kind: problem.Gone, Status: 410, Message: "Secret has expired"}
	LeaseExpired      = problem.Code{Name: "lease_expired", Kind: problem.Gone, Status: 410, Message: "Lease already expired"}

	// Rate limit, quota, availability.
	RateLimited        = problem.Code{Name: "rate_limited", Kind: problem.RateLimited, Status: 429, Message: "Rate limit exceeded", Retry: problem.AfterDelay}
	QuotaExceeded      = problem.Code{Name: "quota_exceeded", Kind: problem.QuotaExceeded, Status: 429, Message: "Quota exceeded"}
	ServiceUnavailable = problem.Code{Name: "service_unavailable", Kind: problem.Unavailable, Status: 503, Message: "Service temporarily unavailable", Retry: problem.Backoff}
	FeatureDisabled    = problem.Code{Name: "feature_disabled", Kind: problem.Unavailable, Status: 503, Message: "Feature is disabled"}
	MaintenanceMode    = problem.Code{Name: "maintenance_mode", Kind: problem.Unavailable, Status: 503, Message: "Service is down for scheduled maintenance"}

	// Server and backend.
	InternalError      = problem.Code{Name: "internal_error", Kind: problem.Internal, Status: 500, Message: "Unexpected server error", Retry: problem.Once}
	EncryptionError    = problem.Code{Name: "encryption_error", Kind: problem.Internal, Status: 500, Message: "KMS interaction failed"}
	StorageError       = problem.Code{Name: "storage_error", Kind: problem.Internal, Status: 500, Message: "Database or object store error"}
	BackendError       = problem.Code{Name: "backend_error", Kind: problem.UpstreamFailed, Status: 502, Message: "Upstream service failed"}
	BackendRateLimited = problem.Code{Name: "backend_rate_limited", Kind: problem.UpstreamFailed, Status: 502, Message: "Federated or ACME backend rate limit reached"}
	BackendTimeout     = problem.Code{Name: "backend_timeout", Kind: problem.UpstreamTimeout, Status: 504, Message: "Upstream service timed out"}

	// Dynamic secrets and PKI.
	TTLExceedsMax       = problem.Code{Name: "ttl_exceeds_max", Kind: problem.InvalidRequest, Status: 400, Message: "Requested TTL > role max_ttl"}
	DomainNotAllowed    = problem.Code{Name: "domain_not_allowed", Kind: problem.InvalidRequest, Status: 400, Message: "CN/SAN not in role's allowed_domains"}
	KeyTypeMismatch     = problem.Code{Name: "key_type_mismatch", Kind: problem.InvalidRequest, Status: 400, Message: "CSR key doesn't match role requirement"}
	CSRInvalid          = problem.Code{Name: "csr_invalid", Kind: problem.InvalidRequest, Status: 400, Message: "CSR failed to parse"}
	CSRAlreadyProcessed = problem.Code{Name: "csr_already_processed", Kind: problem.Conflict, Status: 409, Message: "CSR already signed or rejected"}
	ACMEOrderFailed     = problem.Code{Name: "acme_order_failed", Kind: problem.UpstreamFailed, Status: 502, Message: "ACME upstream rejected order"}
	EngineUnreachable   = problem.Code{Name: "engine_unreachable", Kind: problem.UpstreamFailed, Status: 502, Message: "Can't reach backend system"}

	// Webhook delivery. The vendor reports these statuses in the records of deliveries.
	WebhookURLInvalid      = problem.Code{Name: "webhook_url_invalid", Kind: problem.InvalidRequest, Status: 400, Message: "Webhook URL can't be used"}
	WebhookDeliveryFailed  = problem.Code{Name: "webhook_delivery_failed", Kind: problem.UpstreamFailed, Status: 502, Message: "Non-2xx from destination"}
	WebhookDeliveryTimeout = problem.Code{Name: "webhook_delivery_timeout", Kind: problem.UpstreamTimeout, Status: 504, Message: "Webhook destination took longer than 10 seconds"}
)

// codes lists the published codes in the order of the page.
var codes = []problem.Code{
	AuthenticationRequired, TokenExpired, TokenInvalid, TokenRevoked, AccessDenied,
	InsufficientScope, MFARequired, IPNotAllowed, TimeWindowViolation, TenantAccessDenied,
	Forbidden, InvalidRequest, InvalidPath, InvalidSecretType, InvalidDuration, InvalidCursor,
	InvalidPolicy, InvalidGlob, InvalidRole, InvalidConfig, ValidationError, SecretNotFound,
	VersionNotFound, PolicyNotFound, BindingNotFound, WebhookNotFound, SubscriptionNotFound,
	RotationPolicyNotFound, SecretPolicyNotFound, CANotFound, CertificateNotFound, CSRNotFound,
	TrustAnchorNotFound, ACMEAccountNotFound, ACMEOrderNotFound, DNSProviderNotFound,
	EngineNotFound, RoleNotFound, LeaseNotFound, TenantNotFound, IdentityNotFound,
	FederationBackendNotFound, ExportNotFound, SecretExists, VersionConflict, PolicyInUse,
	EngineInUse, CAHasCertificates, NameConflict, BindingConflict, SecretExpired, LeaseExpired,
	RateLimited, QuotaExceeded, ServiceUnavailable, FeatureDisabled, MaintenanceMode,
	InternalError, EncryptionError, StorageError, BackendError, BackendRateLimited,
	BackendTimeout, TTLExceedsMax, DomainNotAllowed, KeyTypeMismatch, CSRInvalid,
	CSRAlreadyProcessed, ACMEOrderFailed, EngineUnreachable, WebhookURLInvalid,
	WebhookDeliveryFailed, WebhookDeliveryTimeout,
}
