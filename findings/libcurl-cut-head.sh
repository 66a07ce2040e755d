#!/bin/sh
# libcurl 8.16 (as pycurl 7.45.7 brings it): an answer that ends within its head is a whole one.
#
# A server sends a status line and a first header, and the connection ends before the rest: its process
# is gone, or a gateway cut it. curl_easy_perform is CURLE_OK, the status is 200, and there is no body:
# the same as for an empty file. RFC 9112, section 8: such a message is incomplete. Cut behind a
# Content-Length, in the head or in the body, it is CURLE_PARTIAL_FILE (18). 7.88.1 does the same.
#
# Exit: 0 seen as described, 1 not seen any more, 2 could not be set up. Needs Python 3 with venv.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" >"$folder/log" 2>&1 &&
    "$folder/venv/bin/pip" install -q pycurl==7.45.7 >>"$folder/log" 2>&1 ||
    { tail -3 "$folder/log"; exit 2; }
cat >"$folder/cut.py" <<'END'
import io, socket, sys, threading
import pycurl

HEAD = b"HTTP/1.1 200 OK\r\nETag: \"v7\"\r\n"
LENGTH = b"Content-Length: 1000\r\n"


def ask(answer):
    """The result of libcurl, the status and the size of the body; the server sends `answer`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            peer, _ = server.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(answer)
        thread = threading.Thread(target=serve)
        thread.start()
        body, handle = io.BytesIO(), pycurl.Curl()
        handle.setopt(pycurl.URL, "http://127.0.0.1:%d/" % server.getsockname()[1])
        handle.setopt(pycurl.WRITEDATA, body)
        code = 0
        try:
            handle.perform()
        except pycurl.error as error:
            code = error.args[0]
        thread.join()
        return code, handle.getinfo(pycurl.RESPONSE_CODE), len(body.getvalue())


print(pycurl.version.split()[1])
before, behind, body = ask(HEAD), ask(HEAD + LENGTH), ask(HEAD + LENGTH + b"\r\nsome")
print("cut before its length: result %d, status %d, %d bytes" % before)
print("cut behind its length: result %d, status %d, %d bytes" % behind)
print("cut in its body:       result %d, status %d, %d bytes" % body)
sys.exit((before, behind, body) != ((0, 200, 0), (18, 200, 0), (18, 200, 4)))
END
"$folder/venv/bin/python" "$folder/cut.py"
