package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// newTransport is an HTTP client's transport that copies request bodies through
// pooled buffers.
func newTransport(copies pool.Bytes) *http.Transport {
	var dialer net.Dialer
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &conn{c, copies}, nil
		},
		MaxIdleConns: 256, MaxIdleConnsPerHost: 256,
		IdleConnTimeout:       90 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		DisableCompression:    true, // bodies pass through as they are
	}
}

// conn is a connection whose ReadFrom, to which net/http hands bodies, does not
// end in an io.Copy that allocates 32 KiB a time, as that of net.TCPConn does
// for anything but a file or another connection.
type conn struct {
	net.Conn
	copies pool.Bytes
}

func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	return strategies.Copy(c.copies, struct{ io.Writer }{c.Conn}, r)
}
