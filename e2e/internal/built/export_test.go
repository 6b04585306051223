package built

import "context"

// Compile lets tests build something smaller than a collector.
func Compile(ctx context.Context, source, path string) error {
	return Program{Name: "b", Package: "."}.compile(ctx, source, path, nil)
}
