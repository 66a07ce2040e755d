"""What a test did to its agents, as records of a history that `leasehold verify` reads."""

import json
import threading
from pathlib import Path

from .processes import boottime_ns


def boot_id():
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Declared:
    """One file for one group of agents; safe to use from several threads.

    Declare what harms *before* it is done, and what heals *after* it has been: the checkers count
    a path as healthy only where nothing was in its way, so both errors are on the safe side.
    """

    def __init__(self, path, replicas):
        self.path = Path(path)
        self._replicas = list(replicas)
        self._lock = threading.Lock()
        self._number = 0
        self._file = open(self.path, "w", encoding="utf-8")
        self._line({"format": "leasehold-history", "schemaVersion": 1, "boot": boot_id(),
                    "replicas": self._replicas})

    def began(self, fault, what, targets):
        self._fault(fault, True, what, targets)

    def ended(self, fault, what, targets):
        self._fault(fault, False, what, targets)

    def path_changed(self, replica, api_healthy, bucket_healthy):
        self._record("pathChanged", {"replica": self._replicas.index(replica),
                                     "apiHealthy": api_healthy, "bucketHealthy": bucket_healthy})

    def crashed(self, replica):
        """Its process is gone: what a killed process cannot record itself."""
        self._record("processEnded", {"replica": self._replicas.index(replica),
                                      "cause": "crashed"})

    def close(self):
        self._file.close()

    def _fault(self, fault, began, what, targets):
        self._record("faultTookEffect", {
            "fault": fault, "began": began, "what": what,
            "targets": [self._replicas.index(target) for target in targets]})

    def _record(self, kind, content):
        with self._lock:
            self._number += 1
            # Read under the lock: records lie in the order of their time.
            self._line({"record": kind, "number": self._number, "at": boottime_ns(),
                        "of": content})

    def _line(self, content):
        self._file.write(json.dumps(content, separators=(",", ":")) + "\n")
        self._file.flush()
