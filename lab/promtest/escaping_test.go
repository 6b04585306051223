package promtest_test

import (
	"github.com/prometheus/common/model"
	"github.com/prometheus/otlptranslator"
)

// escaping is the scheme that a scraper requests to get the names unchanged.
func escaping(s otlptranslator.TranslationStrategyOption) model.EscapingScheme {
	if s.ShouldEscape() {
		return model.UnderscoreEscaping
	}
	return model.NoEscaping
}
