module github.com/backstop-go/backstop/examples/echo

go 1.26.0

require (
	github.com/backstop-go/backstop v0.0.0
	github.com/backstop-go/backstop/middleware/echoadapter v0.0.0
	github.com/labstack/echo/v5 v5.4.5
)

require (
	github.com/gabriel-vasile/mimetype v1.4.16 // indirect
	github.com/go-playground/locales v0.14.2 // indirect
	github.com/go-playground/universal-translator v0.18.2 // indirect
	github.com/go-playground/validator/v10 v10.30.6 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/leodido/go-urn v1.5.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace (
	github.com/backstop-go/backstop => ../..
	github.com/backstop-go/backstop/middleware/echoadapter => ../../middleware/echoadapter
)
