// Counted uses pools in ways in which it knows what Get and Put were called for.
package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type object struct{ array []byte }

var gets, misses, puts atomic.Int64

var shared = sync.Pool{New: func() any {
	misses.Add(1)
	return &object{make([]byte, 1000)}
}}

// storm uses the pool from many goroutines, with collections and changes of GOMAXPROCS.
func storm() {
	var users sync.WaitGroup
	for range 20 {
		users.Go(func() {
			for range 1000 {
				use(1 + rand.IntN(20))
			}
		})
	}
	for range 50 {
		runtime.GOMAXPROCS(1 + rand.IntN(8))
		runtime.GC()
	}
	users.Wait()
}

// use takes n objects and brings all but one back.
func use(n int) {
	objects := make([]any, n)
	for i := range objects {
		objects[i] = shared.Get()
	}
	for _, o := range objects[1:] {
		shared.Put(o)
	}
	gets.Add(int64(n))
	puts.Add(int64(n - 1))
}

// perConnection uses pools that die, which one function makes.
func perConnection() {
	for range 30 {
		p := &sync.Pool{}
		p.Put(new(int))
		p.Get()
		runtime.GC()
	}
}

// pairs returns the least time of a Get and its Put, in nanoseconds, of some rounds.
func pairs() float64 {
	const n = 100_000
	least := time.Hour
	for range 100 {
		began := time.Now()
		for range n {
			shared.Put(shared.Get())
		}
		least = min(least, time.Since(began))
	}
	return float64(least) / n
}

// rounds waits for signals now and then, each time for one. It sends them itself.
func rounds() {
	for range 100 {
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			panic(err)
		}
		<-c
		signal.Stop(c)
		runtime.Gosched()
	}
	use(10)
}

func main() {
	switch os.Args[1] {
	case "pairs":
		fmt.Println(pairs())
	case "storm":
		storm()
		perConnection()
		use(20) // some are idle at the end: the report weighs them
		fmt.Println(gets.Load(), misses.Load(), puts.Load())
		os.Exit(7)
	case "wait":
		use(10)
		fmt.Println("ready")
		select {}
	case "own":
		use(10)
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		fmt.Println("ready")
		<-c
		use(20)
		os.Exit(3)
	case "rounds":
		rounds()
	case "input":
		s := bufio.NewScanner(os.Stdin)
		s.Scan()
		fmt.Println("read", s.Text())
	}
}
