// load asks one URL on many connections at once, and prints what it saw as JSON.
//
// Every connection is open before the first request. In each round all of them send their request
// at the same moment; the next round begins when all have been answered. Written against bare
// sockets, so that the asking takes little of the time that it measures.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sort"
	"sync"
	"time"
)

type result struct {
	Statuses map[int]int `json:"statuses"`
	Requests int         `json:"requests"`
	P50      float64     `json:"p50Ms"`
	P99      float64     `json:"p99Ms"`
	Max      float64     `json:"maxMs"`
}

type client struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
}

func open(target *url.URL) (*client, error) {
	conn, err := net.Dial("tcp", target.Host)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target.RequestURI(), target.Host)
	return &client{conn, bufio.NewReader(conn), []byte(text)}, nil
}

// ask sends one request and reads its whole answer.
func (c *client) ask() (int, time.Duration, error) {
	began := time.Now()
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, 0, err
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, time.Since(began), err
}

func main() {
	connections := flag.Int("connections", 200, "open at once")
	rounds := flag.Int("rounds", 20, "requests of each connection")
	pause := flag.Duration("pause", 20*time.Millisecond, "between rounds")
	flag.Parse()
	target, err := url.Parse(flag.Arg(0))
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	if err != nil || target.Host == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "load [flags] URL")
		os.Exit(64)
	}
	clients := make([]*client, *connections)
	for i := range clients {
		if clients[i], err = open(target); err != nil {
			fail(err)
		}
	}
	seen := result{Statuses: map[int]int{}}
	took := []time.Duration{}
	for range *rounds {
		var mutex sync.Mutex
		var all sync.WaitGroup
		for _, c := range clients {
			all.Add(1)
			go func() {
				defer all.Done()
				status, span, err := c.ask()
				if err != nil {
					fail(err)
				}
				mutex.Lock()
				defer mutex.Unlock()
				seen.Statuses[status]++
				took = append(took, span)
			}()
		}
		all.Wait()
		time.Sleep(*pause)
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	rank := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1))].Microseconds()) / 1000
	}
	seen.Requests, seen.P50, seen.P99, seen.Max = len(took), rank(0.5), rank(0.99), rank(1)
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		fail(err)
	}
}
