package poolconfig

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of a document, for editors:
//
//	# yaml-language-server: $schema=schema.json
//
// It says what a document can look like; that a reserve is below its limit, for
// one, only Load knows.
func Schema() []byte { return append([]byte(nil), schema...) }
