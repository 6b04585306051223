module github.com/otelpool/pool/poolconfig

go 1.26.0

replace github.com/otelpool/pool => ..

require (
	github.com/google/jsonschema-go v0.4.3
	github.com/otelpool/pool v0.0.0-00010101000000-000000000000
	go.yaml.in/yaml/v4 v4.0.0
)
