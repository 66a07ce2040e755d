"""fake-gcs-server, an emulator of Google Cloud Storage: it looks at no token."""

import json
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlsplit

from . import rest
from .processes import Process, clean_environment, free_port, wait_for


class FakeGcs:
    """With one bucket; its objects lie in files, so that it may be killed and started again, or in
    memory, which knows versions best."""

    def __init__(self, folder, tools, backend="filesystem"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.bucket = "live"
        self.backend = backend
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._program = tools["fake-gcs-server"]
        self.process = self.start()
        body = json.dumps({"name": self.bucket}).encode()
        request = urllib.request.Request(f"{self.url}/storage/v1/b?project=live", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200

    def start(self):
        process = Process(
            "fake-gcs-server",
            [self._program, "-backend", self.backend, "-filesystem-root", self.folder / "data",
             "-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port), "-public-host",
             f"127.0.0.1:{self.port}", "-log-level", "warn"],
            self.folder / "fake-gcs-server.log", clean_environment(self.folder))
        wait_for(lambda: rest.request("GET", self.url + "/_internal/healthcheck").status == 200, 30,
                 "fake-gcs-server", process)
        return process

    def variables(self, url=None):
        """What an agent needs beside the secret: the server at `url`, whatever its scheme."""
        return {"STORAGE_EMULATOR_HOST": urlsplit(url or self.url).netloc}

    def secret_text(self, bucket=None, prefix="pre"):
        return f"type: GCS\nconfig:\n  bucket: {bucket or self.bucket}\nprefix: {prefix}\n"

    def secret(self, path, _url=None, prefix=""):
        """Writes the bucket secret, which names no server: variables() do."""
        Path(path).write_text(self.secret_text(prefix=prefix))
        return path

    def generations(self):
        """{name: (generation, user metadata)}, by a client that nobody here wrote."""
        with urllib.request.urlopen(f"{self.url}/storage/v1/b/{self.bucket}/o") as answer:
            items = json.load(answer).get("items", [])
        return {one["name"]: (one["generation"], one.get("metadata", {})) for one in items}

    def objects(self, prefix):
        """{key: bytes} of all below `prefix`."""
        found = {}
        for name in self.generations():
            if name.startswith(prefix):
                where = f"{self.url}/storage/v1/b/{self.bucket}/o/{quote(name, safe='')}?alt=media"
                with urllib.request.urlopen(where) as answer:
                    found[name] = answer.read()
        return found

    def stop(self):
        if self.process.alive:
            self.process.kill()
