// Planted has ten places that allocate, each with a pool and without: five where the pool
// pays, five where it does not, by the CPU time that a use takes, which it prints in
// nanoseconds.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// planted is a place: what it does n times, without a pool and with one.
type planted struct{ plain, pooled func(n int) }

var places = map[string]planted{
	"buffers":  {each(plainBuffer), each(pooledBuffer)},
	"structs":  {each(plainStruct), each(pooledStruct)},
	"growth":   {each(plainGrowth), each(pooledGrowth)},
	"maps":     {each(plainMap), each(pooledMap)},
	"scratch":  {each(plainScratch), each(pooledScratch)},
	"slices":   {each(plainSlice), each(pooledSlice)},
	"retained": {retained(plainNode), retained(pooledNode)},
	"batch":    {plainBatch, pooledBatch},
	"strings":  {each(plainString), each(pooledString)},
	"values":   {each(plainValue), each(pooledValue)},
}

func each(use func()) func(int) {
	return func(n int) {
		for i := range n {
			other(i)
			use()
		}
	}
}

var others *[4096]byte

// other is what else a program does, at every 256th use: short-lived, as most memory is.
func other(i int) {
	if i%256 == 0 {
		others = new([4096]byte)
	}
}

// What follows pays.

var buffer []byte

func plainBuffer() {
	buffer = make([]byte, 64<<10)
	buffer[100]++
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

func pooledBuffer() {
	b := buffers.Get().(*[]byte)
	buffer = *b
	buffer[100]++
	buffers.Put(b)
}

type request struct {
	next  *request
	parts [500]int
}

var one *request

func plainStruct() {
	one = new(request)
	one.parts[7]++
}

var requests = sync.Pool{New: func() any { return new(request) }}

func pooledStruct() {
	one = requests.Get().(*request)
	one.parts[7]++
	requests.Put(one)
}

var (
	text    *bytes.Buffer
	segment = make([]byte, 1000)
)

func plainGrowth() {
	text = new(bytes.Buffer)
	for range 8 {
		text.Write(segment)
	}
}

var texts = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func pooledGrowth() {
	text = texts.Get().(*bytes.Buffer)
	text.Reset()
	for range 8 {
		text.Write(segment)
	}
	texts.Put(text)
}

var index map[int]int

func plainMap() {
	index = make(map[int]int, 200)
	index[1] = 1
}

var indexes = sync.Pool{New: func() any { return make(map[int]int, 200) }}

func pooledMap() {
	index = indexes.Get().(map[int]int)
	clear(index)
	index[1] = 1
	indexes.Put(index)
}

var scratch []int

func plainScratch() {
	scratch = make([]int, 256)
	scratch[3]++
}

var scratches = sync.Pool{New: func() any { s := make([]int, 256); return &s }}

func pooledScratch() {
	s := scratches.Get().(*[]int)
	scratch = *s
	scratch[3]++
	scratches.Put(s)
}

// What follows does not.

func plainSlice() {
	buffer = make([]byte, 16)
	buffer[3]++
}

var slices = sync.Pool{New: func() any { return make([]byte, 16) }}

// pooledSlice puts no pointer, so that each Put allocates one.
func pooledSlice() {
	buffer = slices.Get().([]byte)
	buffer[3]++
	slices.Put(buffer)
}

type node [16]byte

// retained keeps nodes until all are given up, so that none is put.
func retained(make1 func() *node) func(int) {
	return func(n int) {
		kept := make([]*node, 0, 1_000_000)
		for i := range n {
			other(i)
			if len(kept) == cap(kept) {
				clear(kept)
				kept = kept[:0]
			}
			kept = append(kept, make1())
		}
	}
}

//go:noinline
func plainNode() *node { return new(node) }

var nodes = sync.Pool{New: func() any { return new(node) }}

func pooledNode() *node { return nodes.Get().(*node) }

type item [16]byte

// batch has all items that a request needs at a time.
var batch [100_000]*item

func plainBatch(n int) {
	for range n / len(batch) {
		for i := range batch {
			other(i)
			batch[i] = new(item)
		}
		clear(batch[:])
	}
}

var items = sync.Pool{New: func() any { return new(item) }}

func pooledBatch(n int) {
	for range n / len(batch) {
		for i := range batch {
			other(i)
			batch[i] = items.Get().(*item)
		}
		for i := range batch {
			items.Put(batch[i])
		}
		clear(batch[:])
	}
}

var (
	key     string
	message = []byte("GET /index.html")
)

func plainString() { key = string(message[5:10]) }

var keys = sync.Pool{New: func() any { b := make([]byte, 0, 64); return &b }}

// pooledString copies to a buffer what it copies once more.
func pooledString() {
	b := keys.Get().(*[]byte)
	*b = append((*b)[:0], message[5:10]...)
	key = string(*b)
	keys.Put(b)
}

type event struct{ at, kind, size int }

var (
	count  int
	logged any
)

func plainValue() {
	count++
	logged = event{at: count}
}

var events = sync.Pool{New: func() any { return event{} }}

// pooledValue puts a value, which is allocated anew where it goes to an interface.
func pooledValue() {
	e := events.Get().(event)
	count++
	e.at = count
	logged = e
	events.Put(logged)
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ballast makes collections as rare as a service's, but where it matters what is in use at one.
var ballast []byte

func main() {
	runtime.GOMAXPROCS(1)
	name := os.Args[1]
	if name != "retained" && name != "batch" {
		ballast = make([]byte, 32<<20)
	}
	work := places[name].plain
	if os.Args[2] == "pooled" {
		work = places[name].pooled
	}
	n, _ := strconv.Atoi(os.Args[3])
	work(n / 10)
	began := cpu()
	work(n)
	fmt.Printf("%.1f\n", float64((cpu()-began).Nanoseconds())/float64(n))
	runtime.KeepAlive(ballast)
}
