// load asks one URL on many connections at once, and prints what it saw as JSON.
//
// Every connection is open before the first request. With -period each asks once in every period,
// at a moment of its own; without, all ask at the same moment, and again once all were answered.
// One thread and one epoll for all of them: the asking shares the cores with what it measures, and
// goroutines that wake each other took as much of them as the server. For the same reason an answer
// counts from when the kernel had it for this process (SO_TIMESTAMPNS), and not from when this
// process came to read it, which is shown beside it; and while a burst is out this process does not
// sleep, for on one machine each answer would wake it at the server's expense.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"runtime"
	"sort"
	"strconv"
	"syscall"
	"time"
)

type result struct {
	Statuses map[int]int `json:"statuses"`
	Requests int         `json:"requests"`
	P50      float64     `json:"p50Ms"`
	P99      float64     `json:"p99Ms"`
	Max      float64     `json:"maxMs"`
	// As this process saw it: with its own wait for a core.
	SeenP99 float64 `json:"seenP99Ms"`
	// Of bursts: from the first request of one to its last, the longest. "At the same moment" is
	// no longer than this. And the 99th percentile of each.
	Fired  float64   `json:"firedMs"`
	Bursts []float64 `json:"burstP99Ms,omitempty"`
}

type client struct {
	socket int
	began  time.Time
	buffer []byte
	have   int       // of the answer, in the buffer
	whole  int       // size of the answer; -1 while it is not known
	came   time.Time // when the kernel had the last of it
}

const controlSize = 64

// stampOf is the kernel's, in the control messages of a read; none: now.
func stampOf(control []byte) time.Time {
	const header, sizeOf = syscall.SizeofCmsghdr, 16
	if len(control) < header+sizeOf ||
		binary.NativeEndian.Uint32(control[8:]) != syscall.SOL_SOCKET ||
		binary.NativeEndian.Uint32(control[12:]) != syscall.SO_TIMESTAMPNS {
		return time.Now()
	}
	seconds := int64(binary.NativeEndian.Uint64(control[header:]))
	return time.Unix(seconds, int64(binary.NativeEndian.Uint64(control[header+8:])))
}

func open(address *net.TCPAddr) (*client, error) {
	family, to := syscall.AF_INET6, syscall.Sockaddr(nil)
	if four := address.IP.To4(); four != nil {
		family = syscall.AF_INET
		to = &syscall.SockaddrInet4{Port: address.Port, Addr: [4]byte(four)}
	} else {
		to = &syscall.SockaddrInet6{Port: address.Port, Addr: [16]byte(address.IP.To16())}
	}
	socket, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(socket, to); err != nil {
		return nil, err
	}
	if err := syscall.SetsockoptInt(socket, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return nil, err
	}
	if err := syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1); err != nil {
		return nil, err
	}
	return &client{socket: socket, buffer: make([]byte, 64<<10)}, syscall.SetNonblock(socket, true)
}

// ask sends the request: it is small and the connection is idle, so it goes out whole.
func (c *client) ask(request []byte) error {
	c.have, c.whole = 0, -1
	c.began = time.Now()
	count, err := syscall.Write(c.socket, request)
	if err == nil && count != len(request) {
		err = errors.New("a request that does not fit the socket")
	}
	return err
}

// listen reads what has come of the answer, which has a Content-Length and fits the buffer, and
// says whether that is all of it.
func (c *client) listen() (bool, error) {
	var control [controlSize]byte
	count, told, _, _, err := syscall.Recvmsg(c.socket, c.buffer[c.have:], control[:], 0)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if count == 0 {
		return false, errors.New("the connection was closed before the whole answer")
	}
	c.have += count
	c.came = stampOf(control[:told])
	if c.whole < 0 {
		if c.whole, err = size(c.buffer[:c.have]); err != nil {
			return false, err
		}
	}
	if c.have == len(c.buffer) || c.whole >= 0 && c.have > c.whole {
		return false, errors.New("an answer that is longer than it says, or than 64 KiB")
	}
	return c.have == c.whole, nil
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

// crowd is all connections and what they saw.
type crowd struct {
	request  []byte
	clients  map[int32]*client
	poll     int
	events   []syscall.EpollEvent
	statuses map[int]int
	took     []time.Duration
	seen     []time.Duration
	bursts   []float64
	fired    time.Duration
}

func gather(target *url.URL, connections int) (*crowd, error) {
	address, err := net.ResolveTCPAddr("tcp", target.Host)
	if err != nil {
		return nil, err
	}
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target.RequestURI(), target.Host)
	all := &crowd{request: []byte(text), clients: map[int32]*client{}, poll: poll,
		events: make([]syscall.EpollEvent, connections), statuses: map[int]int{}}
	for range connections {
		c, err := open(address)
		if err != nil {
			return nil, err
		}
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(c.socket)}
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, c.socket, &event); err != nil {
			return nil, err
		}
		all.clients[event.Fd] = c
	}
	return all, nil
}

func (all *crowd) ask(c *client) {
	if err := c.ask(all.request); err != nil {
		fail(err)
	}
}

// listen waits for answers, at most so long (-1: for ever), and calls done for each that is whole.
func (all *crowd) listen(milliseconds int, done func(*client)) {
	count, err := syscall.EpollWait(all.poll, all.events, milliseconds)
	if err != nil && err != syscall.EINTR {
		fail(err)
	}
	for _, event := range all.events[:max(count, 0)] {
		c := all.clients[event.Fd]
		whole, err := c.listen()
		if err != nil {
			fail(err)
		}
		if !whole {
			continue
		}
		// By the clock of the wall, as the kernel's stamp is.
		all.took = append(all.took, c.came.Sub(c.began.Round(0)))
		all.seen = append(all.seen, time.Since(c.began))
		status, err := strconv.Atoi(string(c.buffer[len("HTTP/1.1 ") : len("HTTP/1.1 ")+3]))
		if err != nil {
			fail(err)
		}
		all.statuses[status]++
		done(c)
	}
}

// paced lets each connection ask at a moment of its own in every period, or as soon after that as
// its last request has been answered.
func (all *crowd) paced(rounds int, period time.Duration) {
	type turn struct {
		due    time.Time
		rounds int
		asking bool
	}
	turns := map[*client]*turn{}
	left := 0
	for _, c := range all.clients {
		turns[c] = &turn{due: time.Now().Add(time.Duration(rand.Int64N(int64(period)))), rounds: rounds}
		left += rounds
	}
	for left > 0 {
		next := period
		for c, its := range turns {
			if its.asking || its.rounds == 0 {
				continue
			}
			if wait := time.Until(its.due); wait > 0 {
				next = min(next, wait)
				continue
			}
			its.asking = true
			its.rounds--
			its.due = its.due.Add(period)
			all.ask(c)
		}
		all.listen(int(next/time.Millisecond)+1, func(c *client) {
			turns[c].asking = false
			left--
		})
	}
}

// inBursts lets all ask at once, again and again.
func (all *crowd) inBursts(rounds int) {
	for range rounds {
		left := len(all.clients)
		began := time.Now()
		for _, c := range all.clients {
			all.ask(c)
		}
		all.fired = max(all.fired, time.Since(began))
		for left > 0 {
			all.listen(0, func(*client) { left-- })
		}
		all.bursts = append(all.bursts, rank(all.took[len(all.took)-len(all.clients):], 0.99))
		time.Sleep(20 * time.Millisecond)
	}
}

func milliseconds(span time.Duration) float64 {
	return float64(span.Microseconds()) / 1000
}

// rank is the value that so great a share of `of` does not exceed.
func rank(of []time.Duration, share float64) float64 {
	sorted := append([]time.Duration(nil), of...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	return milliseconds(sorted[int(share*float64(len(sorted)-1))])
}

func (all *crowd) result() result {
	return result{all.statuses, len(all.took), rank(all.took, 0.5), rank(all.took, 0.99),
		rank(all.took, 1), rank(all.seen, 0.99), milliseconds(all.fired), all.bursts}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
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
	runtime.LockOSThread()
	all, err := gather(target, *connections)
	if err != nil {
		fail(err)
	}
	if *period > 0 {
		all.paced(*rounds, *period)
	} else {
		all.inBursts(*rounds)
	}
	if err := json.NewEncoder(os.Stdout).Encode(all.result()); err != nil {
		fail(err)
	}
}
