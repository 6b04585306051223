package otelpool

import (
	"fmt"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/otelpool/pool"
)

// unfit returns an error for each mistake in the attributes.
func unfit(attrs []attribute.KeyValue) (errs []error) {
	for at, kv := range attrs {
		key := string(kv.Key)
		switch {
		case key == "":
			errs = append(errs, fmt.Errorf("otelpool: WithAttributes: attribute %d, of value %q, has no key: give it one", at,
				kv.Value.String()))
		case !utf8.ValidString(key):
			errs = append(errs, fmt.Errorf("otelpool: WithAttributes: key %q is not UTF-8: use %q", key, pool.ValidName(key)))
		}
		errs = append(errs, unfitValue(key, kv.Value)...)
	}
	return errs
}

// unfitValue looks into slices and maps as well.
func unfitValue(key string, v attribute.Value) (errs []error) {
	switch v.Type() {
	case attribute.STRING:
		if s := v.AsString(); !utf8.ValidString(s) {
			errs = append(errs, fmt.Errorf("otelpool: WithAttributes: value %q of key %q is not UTF-8: use %q, or "+
				"attribute.ByteSlice for bytes", s, key, pool.ValidName(s)))
		}
	case attribute.STRINGSLICE:
		for i, s := range v.AsStringSlice() {
			errs = append(errs, unfitValue(fmt.Sprintf("%s[%d]", key, i), attribute.StringValue(s))...)
		}
	case attribute.SLICE:
		for i, one := range v.AsSlice() {
			errs = append(errs, unfitValue(fmt.Sprintf("%s[%d]", key, i), one)...)
		}
	case attribute.MAP:
		for _, kv := range v.AsMap() {
			if !utf8.ValidString(string(kv.Key)) {
				errs = append(errs, fmt.Errorf("otelpool: WithAttributes: key %q in %q is not UTF-8: use %q", kv.Key, key,
					pool.ValidName(string(kv.Key))))
			}
			errs = append(errs, unfitValue(key+"."+string(kv.Key), kv.Value)...)
		}
	}
	return errs
}
