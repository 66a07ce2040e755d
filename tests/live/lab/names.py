"""Names instead of addresses: a name server that fails as asked, and processes that ask it alone.

Such a process runs in a mount namespace of its own, where /etc/resolv.conf is what a pod has. That
and port 53 are for root.
"""

import contextlib
import os
import shutil
import socket
import threading
from pathlib import Path

RESPONSES = {"nxdomain": 3, "servfail": 2}
SEARCH = "leasehold.svc.cluster.local svc.cluster.local cluster.local"


def usable():
    """Why names can't be played here, or None."""
    if os.geteuid() != 0:
        return "only root may serve port 53 and mount a resolv.conf"
    if not shutil.which("unshare"):
        return "there is no unshare"
    return None


class NameServer:
    """UDP on an address of its own in 127.0.0.0/8. Knows `names` {name: IPv4 address}.

    `mode`: answers, nxdomain (for all), servfail, silent, or nobody (port 53 is closed).
    """

    def __init__(self, address, names):
        self.address = address
        self.names = dict(names)
        self.asked = 0
        self._mode = "answers"
        self._socket = None
        self._open()

    @property
    def mode(self):
        return self._mode

    @mode.setter
    def mode(self, mode):
        was, self._mode = self._mode, mode
        if mode == "nobody":
            self._close()
        elif was == "nobody":
            self._open()

    def _open(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 53))
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()

    def _close(self):
        # recvfrom() in the other thread holds the port until it is woken; that nobody is connected
        # is an error all the same.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self, served):
        while True:
            try:
                query, sender = served.recvfrom(512)
            except OSError:
                return
            if not query:
                return
            self.asked += 1
            if self._mode != "silent":
                served.sendto(self._answer(query), sender)

    def _answer(self, query):
        """RFC 1035, 4.1: the question as it came, then at most one A record."""
        end = query.index(b"\0", 12) + 1
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question, kind = query[12:end + 4], query[end:end + 2]
        address = self.names.get(".".join(labels).lower())
        code = RESPONSES.get(self._mode, 0 if address else RESPONSES["nxdomain"])
        found = code == 0 and kind == b"\0\1"
        flags = bytes([0x81, 0x80 | code])
        head = query[:2] + flags + b"\0\1" + (b"\0\1" if found else b"\0\0") + b"\0\0\0\0"
        # A pointer to the question's name, A, IN, five seconds, four bytes.
        record = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + socket.inet_aton(address) if found else b""
        return head + question + record

    def stop(self):
        if self._mode != "nobody":
            self._close()


def asking(server, folder, command):
    """`command` as a process that knows no other name server, and no hosts but localhost."""
    folder = Path(folder)
    files = {"resolv.conf": f"nameserver {server.address}\nsearch {SEARCH}\noptions ndots:5\n",
             "hosts": "127.0.0.1 localhost\n", "nsswitch.conf": "hosts: files dns\n"}
    mounts = []
    for name, text in files.items():
        (folder / name).write_text(text)
        mounts.append(f"mount --bind '{folder / name}' /etc/{name}")
    return ["unshare", "--mount", "--propagation=private", "sh", "-c",
            " && ".join([*mounts, 'exec "$@"']), "sh", *map(str, command)]
