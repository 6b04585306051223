// Package parquetpool lets parquet-go keep pages that wait to be written in any pool.Bytes.
// One line:
//
//	var pageBuffers = strategies.Must(parquetpool.New(parquetpool.Config{Buffers: pages}))
//
// Give it to what takes a parquet.BufferPool: parquet.ColumnPageBuffers(pageBuffers),
// parquet.SortingBuffers(pageBuffers), parquet.DeferBloomFiltersWithBuffers(pageBuffers).
// A writer holds the pages of all columns of a row group until it ends, and gives the
// buffers back at the next, or at Close.
//
// # Which classes
//
// All memory is taken in chunks of one size, 32 KiB unless Config.Chunk says otherwise. So
// one class is enough, and a Limit is the most that lies idle between two row groups:
//
//	var pages = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
//		Name:    "parquet",
//		Classes: strategies.Explicit(strategies.DefaultChunk),
//	}))
//
// The package does not import parquet-go, which defines a buffer pool by its two methods;
// only its tests do.
package parquetpool
