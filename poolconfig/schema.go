package poolconfig

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of a document, for editors:
//
//	# yaml-language-server: $schema=schema.json
//
// It describes the form of a document; only Load checks that a reserve is below
// its limit, for example.
func Schema() []byte { return append([]byte(nil), schema...) }
