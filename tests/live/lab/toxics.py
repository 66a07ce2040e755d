"""toxiproxy: TCP between an agent and its servers that can be slowed, stalled and cut."""

from . import rest
from .processes import Process, free_port, wait_for


class Toxiproxy:
    def __init__(self, folder, tools):
        folder.mkdir(parents=True)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.process = Process("toxiproxy", [tools["toxiproxy-server"], "-host", "127.0.0.1",
                                             "-port", self._port], folder / "toxiproxy.log")
        wait_for(lambda: rest.request("GET", self.url + "/version").status == 200, 20, "toxiproxy",
                 self.process)

    def ask(self, method, path, body=None):
        answer = rest.request(method, self.url + path, body)
        assert answer.status < 300, f"toxiproxy {method} {path}: {answer.status} {answer.text}"
        return answer

    def link(self, name, upstream_port):
        return Link(self, name, upstream_port)

    def stop(self):
        self.process.kill()


class Link:
    """One way to one server; `url` is what the agent is given. Healthy until told otherwise."""

    def __init__(self, proxy, name, upstream_port):
        self._proxy = proxy
        self.name = name
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._path = f"/proxies/{name}"
        proxy.ask("POST", "/proxies", {"name": name, "listen": f"127.0.0.1:{self.port}",
                                       "upstream": f"127.0.0.1:{upstream_port}", "enabled": True})

    def down(self):
        """Open connections are closed, new ones refused."""
        self._proxy.ask("POST", self._path, {"enabled": False})

    def black_hole(self):
        """Nothing passes in either direction, and nobody is told."""
        for stream in ("upstream", "downstream"):
            self._toxic("timeout", stream, {"timeout": 0})

    def delay_answers(self, milliseconds):
        self._toxic("latency", "downstream", {"latency": milliseconds})

    def reset_peer(self, milliseconds=0):
        """Each connection ends with RST after this long."""
        self._toxic("reset_peer", "downstream", {"timeout": milliseconds})

    def bandwidth(self, kib_per_second):
        for stream in ("upstream", "downstream"):
            self._toxic("bandwidth", stream, {"rate": kib_per_second})

    def lead_to(self, upstream_port):
        """From now on it ends at another server; open connections are closed."""
        self._proxy.ask("POST", self._path, {"listen": f"127.0.0.1:{self.port}",
                                             "upstream": f"127.0.0.1:{upstream_port}",
                                             "enabled": True})

    def listen(self, address):
        """Moves to another address of loopback, same port: at the old one nobody is left."""
        self._proxy.ask("POST", self._path, {"enabled": False})
        self._proxy.ask("POST", self._path, {"listen": f"{address}:{self.port}", "enabled": True})

    def heal(self):
        for toxic in self._proxy.ask("GET", self._path).json["toxics"]:
            self._proxy.ask("DELETE", f"{self._path}/toxics/{toxic['name']}")
        self._proxy.ask("POST", self._path, {"enabled": True})

    def _toxic(self, kind, stream, attributes):
        self._proxy.ask("POST", f"{self._path}/toxics",
                        {"name": f"{kind}-{stream}", "type": kind, "stream": stream,
                         "toxicity": 1.0, "attributes": attributes})
