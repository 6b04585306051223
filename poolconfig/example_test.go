package poolconfig_test

import (
	"fmt"
	"log"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolconfig"
	"github.com/otelpool/pool/strategies"
)

// Code declares a pool with its defaults; a variable overrides one of them. A
// program leaves all options out: the environment is its own, and OTELPOOL_CONFIG
// names the document.
func Example() {
	conf, err := poolconfig.Load(poolconfig.Options{
		Environ:  []string{"OTELPOOL_POOL_HTTP_BODY_LIMIT=32MiB"},
		Registry: new(pool.Registry),
	})
	if err != nil {
		log.Fatal(err)
	}
	bodies, err := poolconfig.NewSizeClasses(conf, strategies.SizeClassesConfig{
		Name: "http.body", Limit: 64 << 20, Classes: strategies.PowersOfTwo(1024, 4096),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer bodies.Close()
	fmt.Print(conf.Effective())
	// Output:
	// budget: unlimited # code
	// pools:
	//   http.body:
	//     mode: on # code
	//     limit: 32MiB # OTELPOOL_POOL_HTTP_BODY_LIMIT
	//     reserve: 0 # code
	//     prewarm: {} # code
	//     zero: never # code
	//     safety: sampled # code
	//     classes: [1KiB, 2KiB, 4KiB] # code
}
