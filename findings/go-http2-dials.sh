#!/bin/sh
# Go 1.26's net/http: requests that begin at once to a server of HTTP/2 open a connection each, with a
# TLS handshake each, and then use one of them.
#
# Whatever finds no connection dials, and nobody waits for a dial that is under way. The first one
# that turns out to speak HTTP/2 then serves all the others too. Who serves Go programs that come back
# together, after it was away, plans with a handshake for each request, although one for each program
# would do.
#
# Seen (go1.26.8, two cores): of 200 requests at once to a server with EnableHTTP2, all answered over
# HTTP/2.0, 200 connections; after them, 200 more requests over what there was, and 0 connections.
#
# Exit: 0 seen as described, 1 not seen any more, 2 could not be set up. Needs a Go that fetches others.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
)

const requests = 200

func main() {
	var opened, over2 atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			over2.Add(1)
		}
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	client := server.Client()
	ask := func() int64 {
		before := opened.Load()
		var all sync.WaitGroup
		for range requests {
			all.Go(func() {
				response, err := client.Get(server.URL)
				if err == nil {
					response.Body.Close()
				}
			})
		}
		all.Wait()
		return opened.Load() - before
	}
	cold := ask()
	warm := ask()
	fmt.Printf("connections for %d requests at once: %d, and %d after those; %d over HTTP/2\n",
		requests, cold, warm, over2.Load())
	if cold < 20 || warm > 1 || over2.Load() < requests {
		os.Exit(1)
	}
}
EOF
cat >go.mod <<'EOF'
module finding

go 1.26.0
EOF
go build -o dials . >install.log 2>&1 || { tail -3 install.log; exit 2; }
go version
./dials
