"""client-go's leader election beside ours, on the same real API server.

First as peers on one Lease; then each of the schedules that make client-go believe in two leaders,
with our agents in client-go's place and with client-go itself, at the same time, with the same
durations (15 s, 2 s). The result is the table clientgo.md among the reports.
"""

import inspect
import itertools
import random
import time

import pytest

from conftest import Concurrent, chosen
from lab.electors import Elector
from lab.processes import wait_for
from lab.proxies import PASS, Action, FaultProxy
from lab.agents import Agent, Settings
from lab.trio import SLOW, Trio, overlaps

LEASE = 15

# ---- peers on one Lease -------------------------------------------------------------------------

GROUPS, HANDOVERS = 5, 10


def share_one_lease(lab, say, name):
    """Ten hand-overs between an elector of client-go and two agents of ours; (ours, its) spans."""
    trio = Trio(lab, name, size=2, lease_duration=3, retry_period="500ms",
                more=["--client-go-peers"])
    electors = []

    def new_elector():
        electors.append(Elector(lab, trio.lease, f"{name}-peer-{len(electors)}",
                                lease_duration="3s", renew_deadline="2s", retry_period="500ms",
                                release_on_cancel=True))

    def leader():
        ours = next((agent for agent in trio.agents if agent.leads()), None)
        return ours or next((e for e in electors if e.process.alive and e.leading()), None)

    try:
        trio.start()
        new_elector()
        changes = 0
        for turn in range(HANDOVERS):
            one = wait_for(leader, 15, "a leader", every=0.02)
            time.sleep(random.uniform(0.5, 1.0))
            abrupt = turn % 3 == 2  # two of three are releases, one is a death
            if isinstance(one, Elector):
                with trio.fault(f"stop {one.name}", []):
                    one.kill() if abrupt else one.stop()
            elif abrupt:
                trio.kill_agent(one)
            else:
                assert one.stop() == 0, one.process.tail()
            wait_for(leader, 15, "the next leader", every=0.02)
            changes += 1
            new_elector() if isinstance(one, Elector) else one.start()
        for elector in electors:
            if elector.process.alive:
                with trio.fault(f"stop {elector.name}", []):
                    elector.stop()
        trio.stop()
        say(trio.verify(may_lack=SLOW))
        spans = {agent.name: agent.gates() for agent in trio.agents}
        spans |= {elector.name: elector.beliefs() for elector in electors}
        return changes, spans
    finally:
        for elector in electors:
            elector.kill()
        trio.kill()


@pytest.fixture(scope="module")
def shared(lab):
    concurrent = Concurrent(lab, {
        f"shared-{i}": lambda lab, say, i=i: share_one_lease(lab, say, f"shared-{i}")
        for i in range(GROUPS)})
    yield concurrent
    concurrent.close()


def test_fifty_handovers_with_client_go(shared):
    """Ours and client-go take turns on one Lease by release and by death: catches a record that the
    other side misreads, a takeover before its lease ran out, and a release that blanks another's."""
    changes, by_kind = 0, {"ours": 0, "client-go": 0}
    for i in range(GROUPS):
        made, spans = shared.result(f"shared-{i}")
        changes += made
        for name, found in spans.items():
            by_kind["client-go" if "peer" in name else "ours"] += len(found)
        assert overlaps(spans) == 0, spans
    print(f"{changes} hand-overs, leaderships: {by_kind}")
    assert changes >= 50
    assert min(by_kind.values()) >= 10, "one side hardly ever led"


# ---- the schedules ------------------------------------------------------------------------------


class Contender:
    """A, which the schedule strikes, behind a proxy of its own; and four followers."""

    def __init__(self, lab, kind, name, timeout="5s", release=False):
        self.lab = lab
        self.kind = kind
        self.lease = name
        self.proxy = FaultProxy(lab.cluster.url, lab.cluster.ca,
                                lab.authority.server(f"proxy-{name}"))
        self.timeout, self.release = timeout, release
        self.all = []
        try:
            self.first = self._start("a", self.proxy.url)
            wait_for(lambda: self.leading(self.first), 30, f"{name}-a to lead")
        except BaseException:
            self.kill()
            raise

    def _start(self, letter, url):
        name = f"{self.lease}-{letter}"
        if self.kind == "client-go":
            one = Elector(self.lab, self.lease, name, url=url, timeout=self.timeout,
                          release_on_cancel=self.release, again=letter != "a")
        else:
            folder = self.lab.folder / "contenders" / name
            folder.mkdir(parents=True)
            token = folder / "token"
            token.write_text(self.lab.cluster.token())
            settings = Settings(self.lab.agent_program, self.lease, lease_duration=LEASE,
                                retry_period="2s")
            one = Agent(name, folder, settings, self.lab.cluster, url, token, None).start()
        self.all.append(one)
        return one

    def followers(self, count=4):
        for i in range(count):
            self._start("bcde"[i], self.lab.cluster.url)
            time.sleep(random.uniform(0, 0.7))
        # In step with nothing: the fault falls anywhere within a period of renewal.
        time.sleep(4 + random.uniform(0, 2))

    @staticmethod
    def leading(one):
        return one.leading() if isinstance(one, Elector) else one.leads()

    def wait_other_leads(self, seconds=45):
        return wait_for(lambda: next((one for one in self.all if one is not self.first
                                      and self.leading(one)), None),
                        seconds, f"another one than {self.first.name} to lead", every=0.02)

    def spans(self):
        return {one.name: one.beliefs() if isinstance(one, Elector) else one.gates()
                for one in self.all}

    def kill(self):
        for one in self.all:
            if one.process.alive:
                one.process.resume()
            one.kill()
        self.proxy.stop()


def late_answer_then_black_hole(contender, late):
    """One renewal is answered `late` seconds late, everything after it is lost."""
    state = {"struck": False}

    def rule(exchange):
        if exchange.method == "PUT" and not state["struck"]:
            state["struck"] = True
            return Action(answer_late=late)
        return Action(lose=True) if state["struck"] else PASS
    contender.followers()
    contender.proxy.set(rule)
    wait_for(lambda: state["struck"], 10, "a renewal")
    contender.proxy.silent = True
    contender.wait_other_leads()
    time.sleep(17)  # client-go's belief may go on for up to 16 s


def late_renewal(contender):
    """A renewal is answered 4.8 s late, then a black hole (client-go counts from the answer)."""
    late_answer_then_black_hole(contender, 4.8)


def late_renewal_patient(contender):
    """The same, 9 s late, with a client that has no time-out of its own."""
    late_answer_then_black_hole(contender, 9.0)


def black_hole_with_release(contender):
    """A black hole; client-go tries to release before it tells its user."""
    contender.followers()
    contender.proxy.black_hole()
    contender.wait_other_leads()
    time.sleep(10)


def late_renewal_with_release(contender):
    """Both: a renewal answered 9 s late, a black hole, and a release that hangs."""
    late_answer_then_black_hole(contender, 9.0)


def paused_beyond_the_lease(contender):
    """SIGSTOP in mid-lease, SIGCONT after the takeover."""
    contender.followers()
    contender.first.process.pause()
    contender.wait_other_leads()
    time.sleep(random.uniform(0, 1))
    contender.first.process.resume()
    time.sleep(11.5)  # client-go goes on for its renewDeadline


def late_release(contender):
    """Requests are held from mid-lease on and delivered after the takeover: the old leader's
    release among them. client-go writes an empty holder over the new leader's record."""
    contender.followers()
    contender.proxy.hold_all()
    contender.wait_other_leads()
    time.sleep(random.uniform(0.02, 0.3))
    contender.proxy.heal()
    time.sleep(14)


def stopped_while_paused(contender):
    """SIGSTOP, takeover, SIGTERM and SIGCONT: the release of a leader of the past."""
    contender.followers()
    contender.first.process.pause()
    contender.wait_other_leads()
    contender.first.process.signal(15)
    contender.first.process.resume()
    time.sleep(14)


def lease_deleted(contender):
    """The Lease is deleted; a follower may be first to make it anew."""
    contender.followers()
    # Right after a renewal there are two seconds in which followers look and the leader does not.
    seen = contender.proxy.last_commit()
    wait_for(lambda: contender.proxy.last_commit() > seen, 10, "a renewal", every=0.005)
    contender.lab.cluster.delete_lease(contender.lease)
    time.sleep(LEASE + 5)


# name: (schedule, client-go's request time-out, ReleaseOnCancel)
SCHEDULES = {
    "late-renewal": (late_renewal, "5s", False),
    "late-renewal-patient": (late_renewal_patient, "0s", False),
    "black-hole-with-release": (black_hole_with_release, "0s", True),
    "late-renewal-with-release": (late_renewal_with_release, "0s", True),
    "paused-beyond-the-lease": (paused_beyond_the_lease, "5s", False),
    "late-release": (late_release, "0s", True),
    "stopped-while-paused": (stopped_while_paused, "5s", True),
    "lease-deleted": (lease_deleted, "5s", False),
}
EACH = 2  # runs of a schedule for each kind, at the same time
KINDS = ("client-go", "ours")


def play(lab, kind, name, schedule):
    """Milliseconds of overlap of all pairs."""
    run, timeout, release = SCHEDULES[schedule]
    contender = Contender(lab, kind, name, timeout, release)
    try:
        run(contender)
        return overlaps(contender.spans()) / 1e6
    finally:
        contender.kill()


@pytest.fixture(scope="module")
def played(lab, request):
    runs = {}
    for schedule in chosen(request, "schedule"):
        for kind, i in itertools.product(KINDS, range(EACH)):
            name = f"{schedule}-{kind}-{i}"
            runs[name] = (lambda lab, _say, kind=kind, name=name, schedule=schedule:
                          play(lab, kind, name, schedule))
    concurrent = Concurrent(lab, runs)
    yield concurrent
    concurrent.close()


@pytest.fixture(scope="module")
def table(reports):
    rows = []
    yield rows
    lines = [f"| schedule ({EACH} runs of each) | client-go v0.34.4: two leaders, longest ms "
             "| leasehold |", "|---|---|---|", *rows]
    (reports / "clientgo.md").write_text("\n".join(lines) + "\n")
    print("\n" + "\n".join(lines))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedule(played, table, schedule):
    """Two leaders at once under a schedule that gives client-go two: ours must have none, each
    time. client-go's own overlap is measured beside it, which shows that the schedule struck."""
    theirs, ours = ([played.result(f"{schedule}-{kind}-{i}") for i in range(EACH)]
                    for kind in KINDS)
    told = inspect.getdoc(SCHEDULES[schedule][0]).split("\n\n")[0].replace("\n", " ")
    table.append(f"| {told} | {max(theirs):.0f} | {max(ours):.0f} |")
    print(table[-1])
    assert ours == [0.0] * EACH
