// load asks one URL on many connections at once, and prints what it saw as JSON.
//
// Every connection is open before the first request. With -period each asks once in every period,
// at a moment of its own; without, all ask at the same moment, and again once all were answered.
// Written against bare sockets, so that the asking takes little of the time that it measures.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"sort"
	"strconv"
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
	request []byte
	buffer  []byte
}

func open(target *url.URL) (*client, error) {
	conn, err := net.Dial("tcp", target.Host)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target.RequestURI(), target.Host)
	return &client{conn, []byte(text), make([]byte, 64<<10)}, nil
}

// ask sends one request and reads its whole answer, which has a Content-Length and fits the buffer.
// net/http's reader cost more than the server that it asked, on the same two cores.
func (c *client) ask() (int, time.Duration, error) {
	began := time.Now()
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, 0, err
	}
	whole := -1
	for have := 0; have != whole; {
		count, err := c.conn.Read(c.buffer[have:])
		if err != nil {
			return 0, 0, err
		}
		have += count
		if whole < 0 {
			if whole, err = size(c.buffer[:have]); err != nil {
				return 0, 0, err
			}
		}
		if have == len(c.buffer) || whole >= 0 && have > whole {
			return 0, 0, errors.New("an answer that is longer than it says, or than 64 KiB")
		}
	}
	span := time.Since(began)
	status, err := strconv.Atoi(string(c.buffer[len("HTTP/1.1 ") : len("HTTP/1.1 ")+3]))
	return status, span, err
}

// size is that of the whole answer, head and body; -1 while the head is not whole.
func size(seen []byte) (int, error) {
	end := bytes.Index(seen, []byte("\r\n\r\n"))
	if end < 0 {
		return -1, nil
	}
	name := []byte("\r\nContent-Length: ")
	at := bytes.Index(seen[:end], name)
	if at < 0 || !bytes.HasPrefix(seen, []byte("HTTP/1.1 ")) {
		return 0, errors.New("no HTTP/1.1 answer with a Content-Length")
	}
	digits, _, _ := bytes.Cut(seen[at+len(name):end], []byte("\r\n"))
	length, err := strconv.Atoi(string(digits))
	return end + len("\r\n\r\n") + length, err
}

// tally is what all connections saw.
type tally struct {
	mutex    sync.Mutex
	statuses map[int]int
	took     []time.Duration
}

func (t *tally) ask(c *client) {
	status, span, err := c.ask()
	if err != nil {
		fail(err)
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.statuses[status]++
	t.took = append(t.took, span)
}

func (t *tally) result() result {
	sort.Slice(t.took, func(i, j int) bool { return t.took[i] < t.took[j] })
	rank := func(share float64) float64 {
		return float64(t.took[int(share*float64(len(t.took)-1))].Microseconds()) / 1000
	}
	return result{t.statuses, len(t.took), rank(0.5), rank(0.99), rank(1)}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}

// paced lets each connection ask at a moment of its own in every period.
func (t *tally) paced(clients []*client, rounds int, period time.Duration) {
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() {
			time.Sleep(time.Duration(rand.Int64N(int64(period))))
			ticker := time.NewTicker(period)
			defer ticker.Stop()
			for range rounds {
				t.ask(c)
				<-ticker.C
			}
		})
	}
	all.Wait()
}

// bursts lets all ask at once, again and again.
func (t *tally) bursts(clients []*client, rounds int) {
	for range rounds {
		var all sync.WaitGroup
		for _, c := range clients {
			all.Go(func() { t.ask(c) })
		}
		all.Wait()
		time.Sleep(20 * time.Millisecond)
	}
}

func main() {
	connections := flag.Int("connections", 200, "open at once")
	rounds := flag.Int("rounds", 20, "requests of each connection")
	period := flag.Duration("period", 0, "between requests of a connection; 0: bursts")
	flag.Parse()
	target, err := url.Parse(flag.Arg(0))
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
	seen := tally{statuses: map[int]int{}}
	if *period > 0 {
		seen.paced(clients, *rounds, *period)
	} else {
		seen.bursts(clients, *rounds)
	}
	if err := json.NewEncoder(os.Stdout).Encode(seen.result()); err != nil {
		fail(err)
	}
}
