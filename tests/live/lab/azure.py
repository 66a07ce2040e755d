"""Azurite, Microsoft's emulator of Azure Blob Storage: it checks every signature."""

import base64
import email.utils
import hashlib
import hmac
import urllib.request
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from . import rest
from .processes import Process, clean_environment, free_port, wait_for

ACCOUNT = "live"
KEY = base64.b64encode(b"no secret of anybody").decode()
VERSION = "2021-12-02"


class Azurite:
    """With one container. `command` starts it; its blobs lie in files, so that it may be killed
    and started again."""

    def __init__(self, folder, command):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.bucket = "live"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/{ACCOUNT}"
        self._command = command
        self.process = self.start()
        try:
            self.signed("PUT", f"/{self.bucket}", {"restype": "container"})
        except BaseException:
            self.process.kill()
            raise

    def start(self):
        process = Process(
            "azurite", [*self._command, "--blobPort", str(self.port), "--location",
                        self.folder / "data", "--silent", "--disableTelemetry"],
            self.folder / "azurite.log",
            clean_environment(self.folder, {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}))
        wait_for(lambda: rest.request("GET", self.url + "/none").status >= 400, 60, "Azurite",
                 process)
        return process

    def signed(self, verb, path, query=None):
        """The body of an answer. Signed by hand: what is tried must not be its own witness."""
        query = query or {}
        date = email.utils.formatdate(usegmt=True)
        parts = "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
        text = (f"{verb}{chr(10) * 12}x-ms-date:{date}\nx-ms-version:{VERSION}\n"
                f"/{ACCOUNT}/{ACCOUNT}{path}{parts}")
        mac = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        request = urllib.request.Request(
            self.url + path + (f"?{urlencode(query)}" if query else ""), method=verb,
            headers={"x-ms-date": date, "x-ms-version": VERSION,
                     "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def secret_text(self, bucket=None, key=KEY, url=None, prefix="pre"):
        endpoint = f"http://{urlsplit(url).netloc}/{ACCOUNT}" if url else self.url
        return (f"type: AZURE\nconfig:\n  container: {bucket or self.bucket}\n"
                f"  storage_connection_string: \"AccountName={ACCOUNT};AccountKey={key};"
                f"BlobEndpoint={endpoint}\"\nprefix: {prefix}\n")

    def secret(self, path, url=None, prefix=""):
        """Writes the bucket secret, for the server at `url`, whatever its scheme."""
        Path(path).write_text(self.secret_text(url=url, prefix=prefix))
        return path

    def variables(self, _url=None):
        """What an agent needs beside the secret."""
        return {}

    def objects(self, prefix):
        """{key: bytes} of all below `prefix`, one page at most."""
        page = self.signed("GET", f"/{self.bucket}",
                           {"restype": "container", "comp": "list", "prefix": prefix})
        names = [name.text for name in ElementTree.fromstring(page).iter("Name")]
        return {name: self.signed("GET", f"/{self.bucket}/{name}") for name in names}

    def stop(self):
        if self.process.alive:
            self.process.kill()
