"""client-go electors of the lab (tools/elector): the peers that Kubernetes' own controllers are."""

import json
import subprocess
import threading

from .processes import Process, boottime_ns, clean_environment, wait_for


class Elector:
    """Reads its JSON lines as they come. Times are CLOCK_BOOTTIME in nanoseconds."""

    def __init__(self, lab, lease, name, url=None, token_file=None, cluster=None, **flags):
        cluster = cluster or lab.cluster
        self.name = name
        self.events = []
        self._lock = threading.Lock()
        folder = lab.folder / "electors"
        folder.mkdir(exist_ok=True)
        if token_file is None:
            token_file = folder / f"{name}.token"
            token_file.write_text(cluster.token())
        command = [lab.tools["elector"], f"--url={url or cluster.url}", f"--ca={cluster.ca}",
                   f"--token-file={token_file}", f"--lease={lease}", f"--id={name}"]
        command += [f"--{flag.replace('_', '-')}={str(value).lower()}"
                    for flag, value in flags.items()]
        self.process = Process(name, command, folder / f"{name}.log", clean_environment(folder),
                               stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the last line of a process that was killed
            with self._lock:
                self.events.append(event)

    def seen(self, kind, after=0):
        with self._lock:
            return [e["at"] for e in self.events if e["event"] == kind and e["at"] > after]

    def wait_leading(self, seconds=60):
        wait_for(self.leading, seconds, f"{self.name} to lead", self.process, every=0.01)
        return self

    def leading(self):
        """Whether the context of its leadership is open by its last words."""
        with self._lock:
            for event in reversed(self.events):
                if event["event"] in ("started", "belief"):
                    return True
                if event["event"] in ("cancelled", "running"):
                    return False
        return False

    def beliefs(self):
        """[(started, ended)]: while a user's code would have acted as leader.

        One that is paused believes on, as nobody has told it otherwise; one that was killed
        believed until its last word.
        """
        spans, started, last = [], None, 0
        with self._lock:
            events = list(self.events)
        for event in events:
            if event["event"] == "started":
                started = event["at"]
            elif event["event"] == "cancelled" and started is not None:
                spans.append((started, event["at"]))
                started = None
            if event["event"] in ("started", "belief"):
                last = event["at"]
        if started is not None:
            spans.append((started, last if not self.process.alive else boottime_ns()))
        return spans

    def stop(self, seconds=15):
        code = self.process.stop(seconds)
        self._reader.join(5)
        return code

    def kill(self):
        self.process.kill()
        self._reader.join(5)
