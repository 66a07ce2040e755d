"""The servers that all live tests share, and where the programs are."""

import os
import shutil
import tempfile
import threading
from pathlib import Path

from . import pki
from .cluster import Cluster, KineCluster
from .stores import STORES
from .toxics import Toxiproxy

import build as tools_build


class Lab:
    """One cluster, both S3 servers and toxiproxy; further clusters on request."""

    def __init__(self, programs):
        self.tools = tools_build.programs()
        absent = [str(path) for path in self.tools.values() if not path.exists()]
        assert not absent, f"not built (tests/live/tools/build.py): {absent}"
        self.leasehold_program = Path(programs) / "leasehold"
        self.agent_program = Path(programs) / "leasehold-agent"
        for program in (self.leasehold_program, self.agent_program):
            assert program.exists(), f"{program} is not built"
        for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
            del os.environ[name]  # everything here is on loopback
        self.folder = Path(tempfile.mkdtemp(prefix="leasehold-live-"))
        self._started = []
        self._clusters = 0
        self._kine = None
        self._lock = threading.Lock()
        try:
            self.authority = pki.Authority(self.folder / "pki")
            self.cluster = self.new_cluster()
            self.stores = {name: self._keep(store(self.folder / name, self.tools, self.authority))
                           for name, store in STORES.items()}
            self.toxiproxy = self._keep(Toxiproxy(self.folder / "toxiproxy", self.tools))
        except BaseException:
            self.stop()
            raise

    def _keep(self, server):
        self._started.append(server)
        return server

    def new_cluster(self, kind=Cluster):
        """One of its own for a test that stops or kills servers."""
        self._clusters += 1
        return self._keep(kind(self.folder / f"cluster-{self._clusters}", self.tools,
                               self.authority))

    def kine(self):
        """The one on kine that tests share; started by the first who asks."""
        with self._lock:
            if self._kine is None:
                self._kine = self.new_cluster(KineCluster)
            return self._kine

    def stop(self, keep_files=False):
        for server in reversed(self._started):
            server.stop()
        if not keep_files:
            shutil.rmtree(self.folder, ignore_errors=True)
