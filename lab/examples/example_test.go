package examples_test

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gorilla/websocket"
	"github.com/grafana/gomemcache/memcache"
	"github.com/sirupsen/logrus"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

// stats is what a pool of the registry has counted.
func stats(name string) (s pool.Stats) {
	pool.Default.Lookup(name).Stats(&s)
	return s
}

func show(name string) {
	s := stats(name)
	fmt.Println(name, "used:", s.Gets() > 0, "in use:", s.InUse)
}

// A connection takes a buffer for each message, and has none while it is quiet.
func Example_websocket() {
	upgrader := websocket.Upgrader{WriteBufferPool: &otelpool.Pool{Name: "websocket"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for kind, message, err := c.ReadMessage(); err == nil; kind, message, err = c.ReadMessage() {
			if c.WriteMessage(kind, message) != nil {
				return
			}
		}
	}))
	defer server.Close()

	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	for _, message := range []string{"hello", "again"} {
		if err := c.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			fmt.Println(err)
		}
		_, back, err := c.ReadMessage()
		fmt.Println(string(back), err)
	}
	s := stats("websocket")
	fmt.Println("used:", s.Gets() > 0) // the server gives the last back after it has sent it
	// Output:
	// hello <nil>
	// again <nil>
	// used: true
}

func Example_logrus() {
	buffers := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[bytes.Buffer]{
		Name: "logrus", New: func() *bytes.Buffer { return new(bytes.Buffer) },
	}))
	logrus.SetBufferPool(buffers)
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true})
	log.Info("hello")
	fmt.Print(out.String())
	show("logrus")
	// Output:
	// level=info msg=hello
	// logrus used: true in use: 0
}

func Example_png() {
	buffers := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[png.EncoderBuffer]{
		Name: "png", New: func() *png.EncoderBuffer { return new(png.EncoderBuffer) },
	}))
	encoder := png.Encoder{BufferPool: buffers}
	var out bytes.Buffer
	if err := encoder.Encode(&out, image.NewRGBA(image.Rect(0, 0, 30, 20))); err != nil {
		fmt.Println(err)
	}
	decoded, err := png.Decode(&out)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(decoded.Bounds())
	show("png")
	// Output:
	// (0,0)-(30,20)
	// png used: true in use: 0
}

// gomemcache and dskit ask for the methods of gRPC's pool. A value's memory is the
// program's until it gives it back.
func Example_gomemcache() {
	buffers := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "memcache"}))
	allocator := strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers, Dirty: true}))
	client := memcache.New(memcached("hello"))
	defer client.Close()
	for range 2 {
		item, err := client.Get("greeting", memcache.WithAllocator(allocator))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(string(item.Value))
		allocator.Put(&item.Value)
	}
	show("memcache")
	// Output:
	// hello
	// hello
	// memcache used: true in use: 0
}

// memcached is the address of a server that has one value for every key, in the part
// of the protocol that a get needs.
func memcached(value string) string {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		panic(err)
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for lines := bufio.NewScanner(c); lines.Scan(); {
			key := strings.TrimPrefix(lines.Text(), "gets ")
			_, _ = io.WriteString(c, fmt.Sprintf("VALUE %s 0 %d 1\r\n%s\r\nEND\r\n", key, len(value), value))
		}
	}()
	return l.Addr().String()
}
