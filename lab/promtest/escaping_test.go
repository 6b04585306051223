package promtest_test

import (
	"github.com/prometheus/common/model"
	"github.com/prometheus/otlptranslator"
)

// escaping is what a scraper asks for that wants the names as they are.
func escaping(s otlptranslator.TranslationStrategyOption) model.EscapingScheme {
	if s.ShouldEscape() {
		return model.UnderscoreEscaping
	}
	return model.NoEscaping
}
