// reads asks an agent over TLS as a Go program does that gives it no thought: with net/http's own
// choice of protocol. It prints what came of it as JSON.
//
// GETs of -url with a number after it, -count at once; all of them are on their way for as long as
// the agent lets them wait. With -size it PUTs so many bytes under each first, and compares. They
// begin one after the other, after one of -first: whatever finds no connection opens one, and those
// that begin at once would open one each, to close all but one again.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type result struct {
	Statuses    map[string]int `json:"statuses"` // by protocol and code: "HTTP/2.0 200"
	Connections int64          `json:"connections"`
	Equal       int            `json:"equal"` // bodies that came back as they were put
	Errors      []string       `json:"errors,omitempty"`
}

type asker struct {
	client *http.Client
	lock   sync.Mutex
	result result
}

func (a *asker) do(method, url string, body []byte) []byte {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	response, err := a.client.Do(request)
	var got []byte
	if err == nil {
		got, err = io.ReadAll(response.Body)
		response.Body.Close()
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	if err != nil {
		a.result.Errors = append(a.result.Errors, err.Error())
		return nil
	}
	a.result.Statuses[fmt.Sprintf("%s %d", response.Proto, response.StatusCode)]++
	return got
}

func (a *asker) one(url string, size int) {
	if size < 0 {
		a.do("GET", url, nil)
		return
	}
	put := make([]byte, size)
	for i := range put {
		put[i] = byte(rand.Uint32())
	}
	a.do("PUT", url, put)
	got := a.do("GET", url, nil)
	a.lock.Lock()
	defer a.lock.Unlock()
	if bytes.Equal(put, got) {
		a.result.Equal++
	}
}

func main() {
	url := flag.String("url", "", "a number is put after it")
	authority := flag.String("ca", "", "PEM")
	first := flag.String("first", "", "what is asked for before")
	count := flag.Int("count", 1, "at once")
	size := flag.Int("size", -1, "bytes to PUT first")
	http1 := flag.Bool("http1", false, "offer HTTP/1.1 alone")
	flag.Parse()
	pem, err := os.ReadFile(*authority)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	a := asker{result: result{Statuses: map[string]int{}}}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.Protocols.SetHTTP2(!*http1)
	var dialer net.Dialer
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		atomic.AddInt64(&a.result.Connections, 1)
		return dialer.DialContext(ctx, network, address)
	}
	a.client = &http.Client{Transport: transport}
	a.do("GET", *first, nil)
	a.result.Statuses = map[string]int{}
	var all sync.WaitGroup
	for i := range *count {
		time.Sleep(200 * time.Microsecond)
		all.Go(func() { a.one(fmt.Sprintf("%s%d", *url, i), *size) })
	}
	all.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(a.result); err != nil {
		panic(err)
	}
}
