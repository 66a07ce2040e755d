#!/bin/sh
# libcurl 7.88.1 (Debian 12): a handle whose HTTP/2 transfer ended while another stream was open on the
# connection refuses CURLOPT_BUFFERSIZE ever after, curl_easy_reset() or not.
#
# Seen: CURLE_BAD_FUNCTION_ARGUMENT (43) for the handle of the first of two transfers that share a
# connection, 0 for that of the last one. It keeps its receive buffer, which is given back only where
# a transfer is the connection's last. Who keeps handles and sets their options anew for each request,
# as the documentation of curl_easy_reset() has it, can't send that request.
#
# Exit: 0 seen as described, 1 not seen any more, 2 could not be set up. Needs Go, a C compiler, libcurl's
# headers.
set -eu
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
cat >server.go <<'EOF'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"
)

func main() {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			time.Sleep(2 * time.Second)
		}
		fmt.Fprint(w, "done")
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	fmt.Println(server.URL)
	select {}
}
EOF
cat >client.c <<'EOF'
#include <curl/curl.h>
#include <stdio.h>

static size_t drop(char *data, size_t size, size_t count, void *unused) {
    (void)data, (void)unused;
    return size * count;
}

static CURL *start(CURLM *multi, const char *base, const char *path) {
    char url[200];
    CURL *easy = curl_easy_init();
    snprintf(url, sizeof url, "%s%s", base, path);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_multi_add_handle(multi, easy);
    return easy;
}

int main(int argc, char **argv) {
    CURLM *multi = curl_multi_init();
    CURL *slow, *fast;
    int running = 1, left = 0, first = -1, last = -1;
    long opened = 0;
    if (argc != 2) return 2;
    slow = start(multi, argv[1], "/slow");
    fast = start(multi, argv[1], "/fast");
    while (running) {
        CURLMsg *message;
        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left))) {
            CURL *easy = message->easy_handle;
            long connects = 0;
            curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
            opened += connects;
            curl_multi_remove_handle(multi, easy);
            curl_easy_reset(easy);
            *(easy == fast ? &first : &last) = (int)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L);
        }
        curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    printf("%s: %ld connection, BUFFERSIZE of the first %d, of the last %d\n", curl_version(), opened,
           first, last);
    if (opened != 1 || last != 0) return 2;
    curl_easy_cleanup(slow);
    return first == CURLE_BAD_FUNCTION_ARGUMENT ? 0 : 1;
}
EOF
{ go build -o server server.go && cc -o client client.c -lcurl; } >build.log 2>&1 || { tail -3 build.log; exit 2; }
./server >url &
server=$!
tries=0
until [ -s url ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || exit 2
    sleep 0.1
done
./client "$(cat url)"
