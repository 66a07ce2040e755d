"""An HTTP proxy that sees single requests and can hold each one, before it or after it.

toxiproxy knows bytes; the schedules that break a leader election need "this answer late, every
later request lost". TLS ends here with a certificate of the lab, and begins anew to the server.
"""

import contextlib
import http.client
import json
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import rest
from .processes import boottime_ns, free_port

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"}


@dataclass
class Exchange:
    """A request as it passed; times are CLOCK_BOOTTIME in nanoseconds, 0 = never."""

    method: str
    target: str
    body: bytes
    arrived: int
    committed: int = 0  # the server's answer reached the proxy
    status: int = 0
    answer: bytes = field(default=b"", repr=False)

    @property
    def watch(self):
        return "watch=" in self.target

    @property
    def holder(self):
        """spec.holderIdentity of a Lease in the request's body; None when it has none."""
        try:
            return json.loads(self.body)["spec"].get("holderIdentity")
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class Action:
    """What becomes of one request. The server sees it even if its sender has gone by then."""

    hold: bool = False      # it waits for heal() before it goes on
    lose: bool = False      # never forwarded, never answered
    delay: float = 0.0      # seconds before it is forwarded
    answer_late: float = 0.0  # seconds between the server's answer and ours
    answer_lost: bool = False


PASS = Action()


class FaultProxy:
    """Listens with TLS before `upstream` (a URL); `rule(exchange)` gives each request's Action."""

    def __init__(self, upstream, ca, certificate, rewrite=None):
        self.upstream = upstream
        self.context = rest.trusting(ca)
        self.rewrite = rewrite  # (method, target, headers, body) -> headers, before forwarding
        self.exchanges = []
        self._lock = threading.Lock()
        self._rule = lambda exchange: PASS
        self._healed = threading.Event()
        self.silent = False  # open watches pass nothing on
        self._closing = False
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        listening = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        listening.load_cert_chain(certificate.certificate, certificate.key)
        self._server = _Server(("127.0.0.1", self.port), _handler(self), listening)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,),
                                        daemon=True)
        self._thread.start()

    def set(self, rule, silent=False):
        with self._lock:
            self._rule = rule
            self.silent = silent

    def black_hole(self):
        self.set(lambda exchange: Action(lose=True), silent=True)

    def hold_all(self):
        """Requests wait and are delivered at heal(), as TCP does after a partition."""
        self.set(lambda exchange: Action(hold=True), silent=True)

    def heal(self):
        with self._lock:
            self._rule = lambda exchange: PASS
            self.silent = False
            self._healed.set()
            self._healed = threading.Event()

    def decide(self, exchange):
        with self._lock:
            self.exchanges.append(exchange)
            return self._rule(exchange), self._healed

    def last_commit(self, before=None):
        """When the last successful write of a holder reached us; 0 if none did."""
        return max((x.committed for x in list(self.exchanges)
                    if x.method in ("PUT", "POST", "PATCH") and x.status in (200, 201) and x.holder
                    and (before is None or x.committed < before)), default=0)

    @property
    def closing(self):
        return self._closing

    @property
    def healed(self):
        """Set at the next heal()."""
        with self._lock:
            return self._healed

    def stop(self):
        self._closing = True
        self._healed.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address, handler, context):
        super().__init__(address, handler)
        self._context = context

    def finish_request(self, request, client_address):
        # In the thread of the connection: a slow handshake holds up nobody else.
        request.settimeout(30)
        try:
            with self._context.wrap_socket(request, server_side=True) as secured:
                secured.settimeout(None)
                self.RequestHandlerClass(secured, client_address, self)
        except OSError:
            pass  # the client went away, or did not like our certificate

    def handle_error(self, request, client_address):
        pass  # connections are broken here on purpose


def _handler(proxy):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_arguments):
            pass

        def handle_one_request(self):
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def _serve(self):
            length = int(self.headers.get("Content-Length") or 0)
            exchange = Exchange(self.command, self.path, self.rfile.read(length), boottime_ns())
            action, healed = proxy.decide(exchange)
            if action.lose:
                self._wait_for_the_client()
                return
            if action.hold:
                healed.wait()
            time.sleep(action.delay)
            self._forward(exchange, action)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _serve

        def _wait_for_the_client(self):
            """Says nothing until the client has gone, or the path is healed."""
            self.close_connection = True
            healed = proxy.healed
            while not proxy.closing and not healed.is_set():
                self.connection.settimeout(0.5)
                try:
                    if not self.connection.recv(4096):
                        return
                except (TimeoutError, ssl.SSLWantReadError):
                    continue
                except OSError:
                    return

        def _forward(self, exchange, action):
            headers = {name: value for name, value in self.headers.items()
                       if name.lower() not in HOP_BY_HOP}
            if proxy.rewrite:
                headers = proxy.rewrite(self.command, self.path, headers, exchange.body)
            server = rest.connect(proxy.upstream, proxy.context, 70)
            try:
                sends_body = self.command in ("PUT", "POST", "PATCH")
                server.request(self.command, self.path, exchange.body if sends_body else None,
                               headers)
                answer = server.getresponse()
                if exchange.watch and answer.status == 200:
                    self._stream(server, answer)
                    return
                exchange.answer = answer.read()
                exchange.status, exchange.committed = answer.status, boottime_ns()
            except (OSError, http.client.HTTPException):
                self.close_connection = True
                return
            finally:
                server.close()
            if action.answer_lost:
                self._wait_for_the_client()
                return
            time.sleep(action.answer_late)
            self._answer(answer, exchange.answer)

        def _answer(self, answer, body):
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP | {"date", "server"}:
                    self.send_header(name, value)
            if answer.getheader("Connection", "").lower() == "close":
                self.close_connection = True
            length = answer.getheader("Content-Length") if self.command == "HEAD" else len(body)
            if answer.status not in (204, 304):
                self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, server, answer):
            """A watch: what comes is passed on. One that missed anything is never taken up again:
            no network loses bytes from the middle of a stream."""
            self.close_connection = True
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type"))
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            closer = threading.Thread(target=_close_after, args=(self.connection, server),
                                      daemon=True)
            closer.start()
            while not proxy.closing:
                piece = answer.read1(65536)
                if not piece:
                    break
                if proxy.silent:
                    self._wait_for_the_client()
                    return
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

    return Handler


def _close_after(client, server):
    """Ends the watch on the server once its client has closed, which is all that a client says
    during a watch. It looks at descriptors alone: the TLS of both ends belongs to other threads.
    """
    with contextlib.suppress(OSError, ValueError):
        select.select([client.fileno()], [], [])
        if server.sock is not None:
            socket.socket.shutdown(server.sock, socket.SHUT_RDWR)
