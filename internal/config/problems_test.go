package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/config"
)

func TestEveryMistakeIsNamedOnce(t *testing.T) {
	t.Parallel()
	p := config.ProblemsOf("demo: Config")
	p.AddIf(false, "Fine", 1, "no remedy needed")
	p.With("Max").AddIf(true, "Min", 7, "use less")
	p.AddIf(true, "Name", "x", "use another")
	want := "demo: Config.Min is 7: use less\ndemo: Config.Name is x: use another"
	if err := p.Err(); err == nil || err.Error() != want {
		t.Fatalf("%v, want %s", err, want)
	}
	var first *pool.ConfigError
	if !errors.As(p.Err(), &first) || first.Field != "Min" || first.Other != "Max" {
		t.Errorf("%+v", first)
	}
}

func TestOtherFieldCountsForOneMistakeOnly(t *testing.T) {
	t.Parallel()
	p := config.ProblemsOf("demo: Config")
	p.With("Max").AddIf(false, "Min", 7, "use less")
	p.AddIf(true, "Name", "x", "use another")
	var found *pool.ConfigError
	if !errors.As(p.Err(), &found) || found.Other != "" {
		t.Errorf("%+v", found)
	}
}

func TestAThousandMistakesAreCounted(t *testing.T) {
	t.Parallel()
	var p config.Problems
	for range 1000 {
		p.Add(errors.New("wrong"))
	}
	if text := p.Err().Error(); p.Len() != 1000 || strings.Count(text, "wrong") != 100 ||
		!strings.HasSuffix(text, "and 900 mistakes more") {
		t.Errorf("%d, %s", p.Len(), text)
	}
}
