package poolconfig_test

import (
	"strings"
	"testing"

	"github.com/otelpool/pool/poolconfig"
	"github.com/otelpool/pool/strategies"
)

// No document makes Reload panic or hang, none that is refused changes anything,
// and one that is taken is in force and can be written and read again.
func FuzzReload(f *testing.F) {
	for _, c := range invalid {
		f.Add(c.document)
	}
	f.Add("budget: 1GiB\npools:\n  a: {limit: 2MiB, mode: on}\n  \"*\": {prewarm: {4KiB: 1}}\n")
	f.Add("budget: 4096\npools: {a: &x {limit: 1MiB}, b: *x}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, document string) {
		c, r := loaded(t, "budget: 3MiB\n")
		p := strategies.Must(poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "a", Limit: 1 << 20}))
		defer p.Close()
		before := c.Effective().String()
		write(t, c, document)
		if err := c.Reload(); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "poolconfig: ") {
					t.Errorf("%q: %q", document, line)
				}
			}
			if after := c.Effective().String(); after != before || p.Limit() != 1<<20 || r.Budget().Limit() != 3<<20 {
				t.Errorf("%q is refused and changes\n%s to\n%s", document, before, after)
			}
			return
		}
		in := c.Effective()
		for _, s := range in.Settings {
			if s.From == "the program" {
				t.Errorf("%q: %+v is not in force", document, s)
			}
		}
		again, _ := loaded(t, in.String())
		q := strategies.Must(poolconfig.NewSizeClasses(again, strategies.SizeClassesConfig{Name: "a", Limit: 1 << 20}))
		defer q.Close()
		for i, s := range again.Effective().Settings {
			if s.Value != in.Settings[i].Value {
				t.Errorf("%q: %+v is read as %+v", document, in.Settings[i], s)
			}
		}
	})
}

func FuzzEnvironment(f *testing.F) {
	f.Add("OTELPOOL_LIMIT", "1MiB")
	f.Add("OTELPOOL_POOL_A_CLASSES", "[1KiB, 4KiB]")
	f.Add("OTELPOOL_POOL_A_B_PREWARM", "{4KiB: 1}")
	f.Fuzz(func(t *testing.T, name, value string) {
		c, _, err := load(t, "{}", name+"="+value)
		if err != nil {
			return
		}
		if !strings.HasPrefix(name, "OTELPOOL_") && c.Effective().String() != "budget: unlimited # code\n" {
			t.Errorf("%q=%q counts", name, value)
		}
	})
}
