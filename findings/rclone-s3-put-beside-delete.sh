#!/bin/sh
# rclone 1.76.0 (serve s3 over a local folder): a PUT of a new key is answered 200 and the object is
# gone, when another key in the same folder is deleted at the same time.
#
# A DELETE takes away the folder that it leaves empty, and the folder above; nothing orders that
# with a PUT that is about to write there. Clients see it as ordinary S3: two keys, two clients,
# no condition. What was acknowledged answers 404 a moment later, and neither the LIST nor the local
# folder has it.
#
# Seen (two busy cores): of 1,941 acknowledged PUTs 12 were gone at once; 59 of 2,000 were refused
# with 500, which is an honest answer.
#
# Exit: 0 seen as described, 1 not seen any more, 2 could not be set up. Needs Go and Python 3.
set -eu
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
mkdir program data data/bucket
cat >program/main.go <<'EOF'
package main

import (
	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/serve"
	_ "github.com/rclone/rclone/cmd/serve/s3"
)

func main() { cmd.Main() }
EOF
{
    cd program && go mod init finding && go get github.com/rclone/rclone@v1.76.0 && go mod tidy &&
        CGO_ENABLED=0 go build -o ../rclone . && cd ..
} >install.log 2>&1 || { tail -3 "$folder/install.log"; exit 2; }
./rclone serve s3 --addr 127.0.0.1:17073 data >server.log 2>&1 &
server=$!
sleep 2
cat >rounds.py <<'EOF'
import http.client
import sys
import threading

local = threading.local()


def ask(verb, key, body=None):
    if not hasattr(local, "connection"):
        local.connection = http.client.HTTPConnection("127.0.0.1", 17073, timeout=20)
    try:
        local.connection.request(verb, "/bucket/" + key, body)
        answer = local.connection.getresponse()
        answer.read()
        return answer.status
    except (http.client.HTTPException, OSError):
        local.connection.close()
        return 0


ROUNDS = 2000
start = threading.Barrier(2)
puts = []


def other():
    for number in range(ROUNDS):
        start.wait()
        puts.append(ask("PUT", "n/m/2", b"%d" % number))
        start.wait()


writer = threading.Thread(target=other, daemon=True)
writer.start()
acknowledged = gone = refused = 0
for number in range(ROUNDS):
    if ask("PUT", "n/1", b"one") != 200:
        ask("PUT", "n/1", b"one")
    start.wait()
    ask("DELETE", "n/1")
    start.wait()
    if puts[-1] == 200:
        acknowledged += 1
        gone += ask("GET", "n/m/2") == 404
    else:
        refused += 1
    ask("DELETE", "n/m/2")
print(f"rclone 1.76.0: of {acknowledged} acknowledged PUTs {gone} were gone at once; "
      f"{refused} of {ROUNDS} were refused")
sys.exit(2 if acknowledged == 0 else 0 if gone else 1)
EOF
python3 rounds.py
