"""Roles: an OpenID provider whose tokens a real STS verifies, and servers that hand out roles."""

import base64
import hashlib
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import rest
from .processes import Process, clean_environment, free_port, wait_for
from .stores import REGION, MinIO

CLIENT = "leasehold"


def _plain(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, check=True,
                          capture_output=True).stdout


class Answers:
    """A small server on loopback: {path: function of the request's headers to (status, JSON)}."""

    def __init__(self, answers):
        outer = self
        self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                outer.asked.append(self.path)
                answer = answers.get(self.path, lambda _: (404, {}))
                status, content = answer(self.headers)
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Issuer:
    """An OpenID provider, as a cluster is one for its service accounts: discovery, keys, tokens."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self._key = folder / "issuer.key"
        _openssl("genrsa", "-out", self._key, 2048)
        modulus = _openssl("rsa", "-in", self._key, "-noout", "-modulus").strip().split(b"=")[1]
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "live", "e": "AQAB",
               "n": _plain(bytes.fromhex(modulus.decode()))}
        self._server = Answers({
            "/.well-known/openid-configuration": lambda _: (200, self._discovery()),
            "/keys": lambda _: (200, {"keys": [key]})})
        self.url = self._server.url

    def _discovery(self):
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/none", "token_endpoint": f"{self.url}/none",
                "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"]}

    def token(self, seconds):
        """One that ends after so many seconds, which may be negative."""
        now = int(time.time())
        head = {"alg": "RS256", "kid": "live", "typ": "JWT"}
        claims = {"iss": self.url, "aud": CLIENT, "sub": "system:serviceaccount:kubecost:agent",
                  "iat": now - 60, "exp": now + seconds}
        text = ".".join(_plain(json.dumps(part).encode()) for part in (head, claims))
        return text + "." + _plain(_openssl("dgst", "-sha256", "-sign", self._key,
                                            data=text.encode()))

    def stop(self):
        self._server.stop()


class RoleMinIO(MinIO):
    """MinIO whose STS believes an issuer. Credentials end when the token does that got them."""

    issuer = None  # set before it is made
    role = "arn:minio:iam:::role/" + _plain(hashlib.sha1(CLIENT.encode()).digest())

    def environment(self):
        return {"MINIO_IDENTITY_OPENID_CONFIG_URL":
                f"{self.issuer.url}/.well-known/openid-configuration",
                "MINIO_IDENTITY_OPENID_CLIENT_ID": CLIENT,
                "MINIO_IDENTITY_OPENID_ROLE_POLICY": "readwrite"}


class Moto:
    """moto's server: S3, STS, IAM and an instance's metadata."""

    bucket = "live"

    def __init__(self, folder, command):
        folder.mkdir(parents=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process("moto", [*command, "-H", "127.0.0.1", "-p", port],
                               folder / "moto.log", clean_environment(folder))
        try:
            wait_for(lambda: rest.request("GET", self.url + "/moto-api/").status == 200, 60, "moto",
                     self.process)
        except BaseException:
            self.process.kill()
            raise

    def demand_signatures(self):
        """From now on every request is authenticated and authorized."""
        answer = rest.request("POST", self.url + "/moto-api/reset-auth", b"0")
        assert answer.status == 200, answer.text

    def stop(self):
        self.process.kill()


__all__ = ["Answers", "CLIENT", "Issuer", "Moto", "REGION", "RoleMinIO"]
