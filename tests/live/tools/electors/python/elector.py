"""The leader election of Kubernetes' official Python client on a Lease, as its own example runs it.

Prints JSON lines as tests/live/tools/elector does; `at` is CLOCK_BOOTTIME in nanoseconds. The
library has neither a release nor a way to stop: a SIGTERM ends the process.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from kubernetes import client
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

BELIEF_PERIOD = 0.02  # seconds


class Reporter:
    def __init__(self, identity):
        self._identity = identity
        self._leads = False
        self._lock = threading.Lock()
        threading.Thread(target=self._believe, daemon=True).start()

    def say(self, event, leads=None):
        with self._lock:
            if leads is not None:
                self._leads = leads
            self._print(event)

    def _print(self, event):
        line = {"at": time.clock_gettime_ns(time.CLOCK_BOOTTIME), "event": event,
                "id": self._identity}
        try:
            print(json.dumps(line), flush=True)
        except BrokenPipeError:
            os._exit(1)  # nobody reads any more

    def _believe(self):
        while True:
            time.sleep(BELIEF_PERIOD)
            with self._lock:
                if self._leads:
                    self._print("belief")

    def lead(self):
        self.say("started", leads=True)
        threading.Event().wait()  # the leader's work

    def cancelled(self):
        with self._lock:
            if self._leads:
                self._print("cancelled")
            self._leads = False


def main():
    parser = argparse.ArgumentParser()
    for name in ("url", "ca", "token-file", "lease", "id"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--again", default="false", help="true: contend again after a loss")
    parser.add_argument("--release-on-cancel", help="the library has no way to")
    options = parser.parse_args()

    access = client.Configuration()
    access.host, access.ssl_ca_cert = options.url, options.ca
    token = Path(options.token_file).read_text(encoding="ascii").strip()
    access.api_key = {"authorization": f"Bearer {token}"}
    client.Configuration.set_default(access)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    reporter = Reporter(options.id)
    try:
        while True:
            reporter.say("running")
            config = electionconfig.Config(
                LeaseLock(options.lease, "leasehold", options.id), lease_duration=15,
                renew_deadline=10, retry_period=2, onstarted_leading=reporter.lead,
                onstopped_leading=reporter.cancelled)
            leaderelection.LeaderElection(config).run()
            if options.again != "true":
                return
    finally:
        reporter.cancelled()


if __name__ == "__main__":
    main()
