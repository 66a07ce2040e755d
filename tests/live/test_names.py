"""Servers known by name, and name servers that fail: nobody of that name, a failure, a closed port,
silence, another address. A look-up that failed must cost its own request and nothing after it.

An agent loses its connection while its name server fails, so that it must look up again; then only
the name server is mended. All cases go on at the same time, each with a name server of its own.
"""

import itertools
import time

import pytest

from fixtures import Concurrent, cannot_run, chosen
from lab import names
from lab.agents import PREFIX, Agent, Settings
from lab.processes import Process, clean_environment, wait_for

FAULTS = ("nxdomain", "servfail", "nobody", "silent", "moved")
TARGETS = ("api", "bucket")
API, BUCKET = "api.leasehold.test", "bucket.leasehold.test"
RETRY = 1    # seconds, --retry-period
FAILS = 8    # how long the name server fails
ATTEMPT = 5  # the longest that a request which waits for a name lives; what is under way at the
#              time of the healing is not yet the retry
BACKOFF = 5  # the longest between two attempts of a write
MARGIN = 2   # of a busy machine
_numbers = itertools.count(1)


class Named(Agent):
    """An agent in a mount namespace with a name server of its own; with `alone` without a Lease."""

    def __init__(self, *arguments, name_server, alone):
        super().__init__(*arguments)
        self.name_server = name_server
        self.alone = alone

    def flags(self, recording):
        of_group = ("--leader-follower", "--replicas", "--namespace", "--lease", "--retry", "--api",
                    "--record")
        return [flag for flag in super().flags(recording)
                if not (self.alone and flag.startswith(of_group))]

    def start(self, wait=True):
        recording = self.folder / "recording.jsonl"
        command = [self.settings.program, *self.flags(recording)]
        self.process = Process(self.name, names.asking(self.name_server, self.folder, command),
                               self.folder / "agent.log", clean_environment(self.folder))
        self.wait_ready()
        return self

    def fails(self, *duties):
        """The last error of one of `duties` that fails now, or None."""
        state = self.status()["duties"]
        return next((state[one]["lastError"] for one in duties if state[one]["failing"]), None)


def named(lab, target, fault):
    """(agent, its link to `target`, its name server), started."""
    name = f"names-{target}-{fault}"
    folder = lab.folder / "names" / name
    folder.mkdir(parents=True)
    server = names.NameServer(f"127.53.0.{next(_numbers)}", {API: "127.0.0.1", BUCKET: "127.0.0.1"})
    link = lab.toxiproxy.link(name, lab.cluster.port if target == "api" else
                              lab.stores["minio"].port)
    token = folder / "token"
    token.write_text(lab.cluster.token())
    token.chmod(0o600)
    bucket = f"https://{BUCKET}:{link.port}" if target == "bucket" else None  # or by its address
    secret = lab.stores["minio"].secret(folder / "bucket.yaml", bucket, f"names/{name}")
    settings = Settings(program=lab.agent_program, lease=name, replicas=2, lease_duration=5,
                        retry_period=f"{RETRY}s", write_deadline="60s")
    agent = Named(name, folder, settings, lab.cluster, f"https://{API}:{link.port}", token,
                  secret, name_server=server, alone=target == "bucket")
    return agent.start(), link, server


def spoil(server, link, fault):
    """The connection is lost; whoever looks up the name again meets the fault."""
    if fault == "moved":
        link.listen("127.0.0.2")  # nobody is left at the old address
        server.names = dict.fromkeys(server.names, "127.0.0.2")
    else:
        server.mode = fault
        link.down()


def lease_recovers(lab, say, fault):
    agent, link, server = named(lab, "api", fault)
    try:
        wait_for(agent.leads, 20, "it to lead", agent.process)
        spoil(server, link, fault)
        if fault != "moved":
            wait_for(lambda: agent.fails("lease"), 10, "a complaint", agent.process)
            link.heal()
            time.sleep(FAILS)
            error = agent.fails("lease")
            assert error and not agent.leads(), "it reached a server whose name it cannot know"
            say(f"meanwhile: {error}")
            server.mode = "answers"
        began = time.monotonic()
        wait_for(lambda: not agent.fails("lease") and agent.leads(), 60, "it to lead again",
                 agent.process)
        took = time.monotonic() - began
        say(f"leads {took:.2f} s after the name server was mended")
        log = agent.process.log.read_text()
        waits = 0 if fault == "moved" else ATTEMPT
        assert took < waits + RETRY + MARGIN, log
        assert log.count("works again") <= 2, "told again and again\n" + log
    finally:
        agent.process.kill()
        server.stop()


def bucket_recovers(lab, say, fault):
    agent, link, server = named(lab, "bucket", fault)
    try:
        assert agent.write(PREFIX + "bingen/a", b"before") == "Committed"
        spoil(server, link, fault)
        held = agent.write_in_background(PREFIX + "bingen/a", b"after")
        if fault != "moved":
            wait_for(lambda: agent.fails("bucketWrites"), 10, "a complaint", agent.process)
            link.heal()
            time.sleep(FAILS)
            error = agent.fails("bucketWrites")
            assert error and not held.done(), "it reached a server whose name it cannot know"
            say(f"meanwhile: {error}")
            server.mode = "answers"
        began = time.monotonic()
        assert held.result(60) == "Committed"
        took = time.monotonic() - began
        say(f"committed {took:.2f} s after the name server was mended")
        log = agent.process.log.read_text()
        waits = ATTEMPT if fault == "silent" else 0
        assert took < waits + BACKOFF + MARGIN, log
        assert agent.write(PREFIX + "bingen/b", b"next") == "Committed"
        assert not agent.fails("bucketWrites", "bucketReads")
    finally:
        agent.process.kill()
        server.stop()


@pytest.fixture(scope="module")
def results(lab, request):
    if (reason := names.usable()) is not None:
        cannot_run(reason)
    recovers = {"api": lease_recovers, "bucket": bucket_recovers}
    concurrent = Concurrent(lab, {
        case: lambda lab, say, target=case[0], fault=case[1]: recovers[target](lab, say, fault)
        for case in itertools.product(TARGETS, FAULTS)
        if case[0] in chosen(request, "target") and case[1] in chosen(request, "fault")})
    yield concurrent
    concurrent.close()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("target", TARGETS)
def test_a_name_that_fails_and_comes_back(results, target, fault):
    """Catches a client that never speaks to a server again after one failed look-up, an address
    that is believed for a minute after its server moved, and a look-up that holds up others."""
    results.result((target, fault))
