// Package franzpool lets franz-go decompress into any pool.Bytes, and keeps its slices of
// records in a pool. One line:
//
//	var fetches = strategies.Must(franzpool.New(franzpool.Config{Buffers: batches, Name: "kafka.records"}))
//
// Give it to a client: kgo.NewClient(kgo.WithPools(fetches), …). A fetched batch is one
// buffer and one slice of records, and both come back when Recycle was called on each
// record of the batch; without that the garbage collector takes them, and the pools show
// them as in use for good. After Recycle nothing of a record may be used, not even a copy
// of its Value.
//
// # Which sizes
//
//	var batches = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
//		Name:    "kafka.batches",
//		Classes: strategies.PowersOfTwo(1<<10, 64<<20),
//	}))
//
// How large a batch will be is read from its compressed form where that says it: gzip,
// snappy and most of zstd do; of the others it is guessed. If a buffer is too small,
// franz-go leaves it to the garbage collector and puts back the larger one that it made:
// the pool of buffers drops that, unless it has the capacity of a class, and counts it as
// foreign. Buffers of a decompressor of your own are taken the same way. Slices of records
// are kept however large they have become.
package franzpool
