#!/bin/sh
# fake-gcs-server 1.56.1: an object is "Not Found" to whoever calls the server by another name.
#
# The path of the XML API, /BUCKET/OBJECT, is known for the Host of -public-host alone. By any other
# (a container's name, a forwarded port, a proxy) the same GET is 404 with the words that a missing
# object has, while uploads, resources and lists of the JSON API work under every name. Who reads by
# that path sees an empty bucket in which creating an object fails with 412. The JSON API's download
# path has no such rule.
#
# Exit: 0 seen as described, 1 not seen any more, 2 could not be set up. Needs Go, curl.
set -eu
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
GOBIN="$folder/bin" go install github.com/fsouza/fake-gcs-server@v1.56.1 >install.log 2>&1 ||
    { tail -3 install.log; exit 2; }
base=http://127.0.0.1:17073
bin/fake-gcs-server -backend memory -scheme http -host 127.0.0.1 -port 17073 \
    -public-host 127.0.0.1:17073 >server.log 2>&1 &
server=$!
status() {
    curl -s -o answer -w '%{http_code}' "$@"
}
tries=0
until [ "$(status -X POST "$base/storage/v1/b?project=p" -H 'Content-Type: application/json' \
    -d '{"name":"bucket"}')" = 200 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || exit 2
    sleep 0.2
done
upload="$base/upload/storage/v1/b/bucket/o?uploadType=media&name=k"
[ "$(status -X POST "$upload" -d one)" = 200 ] || exit 2
own=$(status "$base/bucket/k")
other=$(status -H 'Host: gcs:17073' "$base/bucket/k")
words=$(head -c 9 answer)
download=$(status -H 'Host: gcs:17073' "$base/download/storage/v1/b/bucket/o/k")
create=$(status -H 'Host: gcs:17073' -X POST "$upload&ifGenerationMatch=0" -d two)
echo "GET by its own name $own, by another $other ($words), by the JSON API's path $download," \
    "a create under the other name $create"
[ "$own $other $download $create" = "200 404 200 412" ] && [ "$words" = "Not Found" ]
