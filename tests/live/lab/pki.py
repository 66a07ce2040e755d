"""Certificates by openssl: a CA with one server certificate, and bad ones for the tests of TLS."""

import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "IP:127.0.0.1,DNS:localhost,DNS:*.leasehold.test"


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


def _openssl(*arguments, stdin=None):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True,
                          input=stdin, check=False)
    assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"


class Authority:
    """A CA of its own; `ca` is its certificate."""

    def __init__(self, folder, name="live"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / f"{name}-ca.crt"
        self._key = self.folder / f"{name}-ca.key"
        self._serials = itertools.count(1)
        _openssl("req", "-x509", *_new_key(self._key), "-days", 30, "-subj", f"/CN={name}-ca",
                 "-addext", "basicConstraints=critical,CA:TRUE",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.ca)

    def server(self, name, names=LOOPBACK, expired=False):
        """A server certificate for `names` (subjectAltName)."""
        return self._issue(name, f"/CN={name}", f"subjectAltName={names}\n"
                           "extendedKeyUsage=serverAuth\n", expired)

    def client(self, name, user, group):
        """A client certificate, as kube-apiserver reads it: CN is the user, O a group."""
        return self._issue(name, f"/O={group}/CN={user}", "extendedKeyUsage=clientAuth\n", False)

    def _issue(self, name, subject, extensions, expired):
        serial = next(self._serials)
        stem = f"{name}-{serial}"  # two servers may share a name
        made = Certificate(self.folder / f"{stem}.crt", self.folder / f"{stem}.key")
        request = self.folder / f"{stem}.csr"
        more = self.folder / f"{stem}.ext"
        more.write_text(extensions)
        _openssl("req", *_new_key(made.key), "-subj", subject, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key,
                 "-set_serial", serial, "-days", -1 if expired else 30,
                 "-extfile", more, "-out", made.certificate)
        return made


def _new_key(path):
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path]


def rsa_key(private, public):
    """A pair for signing ServiceAccount tokens."""
    _openssl("genrsa", "-out", private, 2048)
    _openssl("rsa", "-in", private, "-pubout", "-out", public)
