package pool

import "fmt"

// ConfigError says that a field of a config has an invalid value. A constructor joins
// one for every mistake with errors.Join; errors.As finds them.
type ConfigError struct {
	Config string // the config's type, "strategies: SizeClassesConfig"
	Field  string // "Limit", "Levels.High.Enter" or "Prewarm[4096]"
	Other  string // the field that it does not go together with, or ""
	Value  string
	Remedy string // the reason, or what would be right
}

// Error names the field, its value and the remedy.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s.%s is %s: %s", e.Config, e.Field, e.Value, e.Remedy)
}
