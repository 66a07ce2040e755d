"""A TLS server that answers as no server should. It reads a request, and then misbehaves."""

import contextlib
import json
import socket
import ssl
import threading
import time

from .processes import free_port

NAME = "hostile"
GOOD_LEASE = {
    "kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
    "metadata": {"name": NAME, "namespace": "leasehold", "uid": "5b16c828", "resourceVersion": "7"},
    "spec": {"holderIdentity": "someone", "leaseDurationSeconds": 15, "leaseTransitions": 0,
             "acquireTime": "2026-01-01T00:00:00.000000Z",
             "renewTime": "2026-01-01T00:00:00.000000Z"}}


def whole(body, status="200 OK", kind="application/json"):
    body = body if isinstance(body, bytes) else body.encode()
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            .encode() + body)


def lease_with(**changes):
    lease = json.loads(json.dumps(GOOD_LEASE))
    for path, value in changes.items():
        part, _, field = path.partition("__")
        lease[part][field] = value
    return whole(json.dumps(lease))


def endless(head, piece):
    """Never ends of its own accord."""
    def send(connection):
        connection.sendall(head)
        while True:
            connection.sendall(piece)
    return send


def dripping(data, seconds):
    """One byte at a time."""
    def send(connection):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)
    return send


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

# What is sent for any request: bytes, or a function that sends. The connection is closed after it.
ANSWERS = {
    "nothing": b"",
    "no-http": b"220 mail.example ESMTP\r\n",
    "half-a-head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "bad-status": b"HTTP/1.1 999999 Fine\r\n\r\n",
    "empty-200": whole(""),
    "not-json": whole("<html>login</html>", kind="text/html"),
    "json-scalar": whole("17"),
    "json-array": whole("[]"),
    "wrong-kind": whole('{"kind":"Pod","metadata":{},"spec":{}}'),
    "no-metadata": whole('{"kind":"Lease","apiVersion":"coordination.k8s.io/v1"}'),
    "metadata-a-list": whole('{"kind":"Lease","metadata":[],"spec":"x"}'),
    "version-not-a-number": lease_with(metadata__resourceVersion="latest"),
    "version-huge": lease_with(metadata__resourceVersion="9" * 400),
    "duration-negative": lease_with(spec__leaseDurationSeconds=-5),
    "duration-huge": lease_with(spec__leaseDurationSeconds=10**30),
    "duration-a-text": lease_with(spec__leaseDurationSeconds="15"),
    "time-malformed": lease_with(spec__renewTime="yesterday"),
    "other-name": lease_with(metadata__name="another"),
    "deep": whole("[" * 200_000 + "]" * 200_000),
    "invalid-utf8": whole(b'{"kind":"Lease","metadata":{"name":"\xff\xfe"}}'),
    "nul": whole('{"kind":"Lease\\u0000","metadata":{"name":"a\\u0000b"}}'),
    "truncated": _HEAD + b"Content-Length: 5000\r\n\r\n{\"kind\":\"Lease\"",
    "wrong-length": _HEAD + b"Content-Length: 5\r\n\r\n{\"kind\":\"Lease\",\"metadata\":{}}",
    "length-negative": _HEAD + b"Content-Length: -1\r\n\r\n{}",
    "bad-chunk": _HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "huge": endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                    b"10000\r\n" + b" " * 0x10000 + b"\r\n"),
    "huge-head": endless(b"HTTP/1.1 200 OK\r\n", b"X-Filler: " + b"y" * 4000 + b"\r\n"),
    "slow": dripping(whole(json.dumps(GOOD_LEASE)), 0.2),
    "redirect": whole("", "302 Found\r\nLocation: http://127.0.0.1:1/"),
    "retry-after-absurd": whole("busy", "429 Too Many Requests\r\nRetry-After: 99999999999999"),
    "teapot": whole("{}", "418 I'm a teapot"),
    "xml": whole('<?xml version="1.0"?><ListBucketResult><Contents><Key>', kind="application/xml"),
    "xml-bomb": whole('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "' + "c" * 1000 + '">'
                      '<!ENTITY d "' + "&b;" * 1000 + '">]><Error><Code>' + "&d;" * 1000
                      + "</Code></Error>", kind="application/xml"),
    "list-of-nonsense": whole(
        "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>../../etc/passwd</Key>"
        "<ETag>x</ETag><Size>-1</Size></Contents></ListBucketResult>", kind="application/xml"),
}


class Hostile:
    """Answers every request with ANSWERS[name], or, with no name, with each in turn."""

    def __init__(self, certificate, name=None):
        self.answered = {}
        self._names = [name] if name else list(ANSWERS)
        self._turn = 0
        self._lock = threading.Lock()
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.certificate, certificate.key)
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listening.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(20)
        with contextlib.suppress(OSError), self._context.wrap_socket(
                connection, server_side=True) as secured:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = secured.recv(65536)
                if not piece:
                    return
                request += piece
            with self._lock:
                name = self._names[self._turn % len(self._names)]
                self._turn += 1
                self.answered[name] = self.answered.get(name, 0) + 1
            answer = ANSWERS[name]
            if callable(answer):
                answer(secured)
            else:
                secured.sendall(answer)
