"""client-go's leader election beside ours, on the same real API server.

First as peers on one Lease; then each of the schedules that make client-go believe in two leaders,
with our agents in client-go's place and with client-go itself, at the same time, with the same
durations (15 s, 2 s). The result is the table clientgo.md among the reports.
"""

import contextlib
import inspect
import itertools
import random
import time

import pytest

from fixtures import Concurrent, chosen
from lab.contests import LEASE, Ours, Theirs
from lab.electors import Elector
from lab.processes import wait_for
from lab.proxies import PASS, Action
from lab.trio import SLOW, Trio, overlaps

# ---- peers on one Lease -------------------------------------------------------------------------

GROUPS, HANDOVERS = 5, 10


def share_one_lease(lab, say, name):
    """Ten hand-overs between an elector of client-go and an agent of ours, in turn; all spans."""
    trio = Trio(lab, name, size=1, replicas=2, lease_duration=5, retry_period="1s",
                more=["--client-go-peers"])
    ours, electors = trio.agents[0], []

    def new_elector():
        electors.append(Elector(lab, trio.lease, f"{name}-peer-{len(electors)}",
                                lease_duration="5s", renew_deadline="3s", retry_period="1s",
                                release_on_cancel=True))

    def leader():
        running = [elector for elector in electors if elector.process.alive]
        return ours if ours.leads() else next((e for e in running if e.leading()), None)

    try:
        ours.start()
        new_elector()
        for turn in range(HANDOVERS):
            one = wait_for(leader, 15, "a leader", every=0.02)
            time.sleep(random.uniform(0.5, 1.0))
            abrupt = turn % 5 >= 3  # three of five are releases, two are deaths
            if one is not ours:
                with trio.fault(f"stop {one.name}", []):
                    one.kill() if abrupt else one.stop()
            elif abrupt:
                trio.kill_agent(ours)
            else:
                assert ours.stop() == 0, ours.process.tail()
            wait_for(leader, 15, "the next leader", every=0.02)
            ours.start() if one is ours else new_elector()
        for elector in electors:
            if elector.process.alive:
                with trio.fault(f"stop {elector.name}", []):
                    elector.stop()
        trio.stop()
        say(trio.verify(may_lack=SLOW))
        return {ours.name: ours.gates()} | {one.name: one.beliefs() for one in electors}
    finally:
        for elector in electors:
            elector.kill()
        trio.kill()


def test_fifty_handovers_with_client_go(played):
    """Ours and client-go take turns on one Lease by release and by death: catches a record that the
    other side misreads, a takeover before its lease ran out, and a release that blanks another's."""
    led = {"ours": 0, "client-go": 0}
    for i in range(GROUPS):
        spans = played.result(f"shared-{i}")
        for name, found in spans.items():
            led["client-go" if "peer" in name else "ours"] += len(found)
        assert overlaps(spans) == 0, spans
    print(f"{GROUPS * HANDOVERS} hand-overs; leaderships {led}")
    assert sum(led.values()) >= GROUPS * (HANDOVERS + 1)
    assert min(led.values()) >= GROUPS * HANDOVERS // 2, "they took turns"


# ---- the schedules ------------------------------------------------------------------------------


FOLLOWERS = 4


class ClientGo(Theirs):
    patience = 4.93  # a little below its time-out of 5 s


class Agents(Ours):
    patience = 3.0  # likewise: 3.22 s, a quarter of (14.89 s - retryPeriod)


def late_answer_then_black_hole(contest, late):
    """One renewal is answered `late` seconds late, everything after it is lost."""
    state = {"struck": False}

    def rule(exchange):
        if exchange.method == "PUT" and not state["struck"]:
            state["struck"] = True
            return Action(answer_late=late)
        return Action(lose=True) if state["struck"] else PASS
    contest.proxy.set(rule)
    wait_for(lambda: state["struck"], 10, "a renewal")
    contest.proxy.silent = True
    contest.wait_other_leads()
    time.sleep(16)  # client-go may believe for that long


def late_renewal(contest):
    """A renewal is answered just before its client gives up, then a black hole."""
    late_answer_then_black_hole(contest, contest.patience)


def late_renewal_patient(contest):
    """A renewal is answered 9 s late to a client without a time-out, then a black hole."""
    late_answer_then_black_hole(contest, 9.0)


def black_hole_with_release(contest):
    """A black hole; client-go tries to release before it tells its user."""
    contest.proxy.black_hole()
    contest.wait_other_leads()
    time.sleep(10)


def late_renewal_with_release(contest):
    """A renewal is answered 9 s late, then a black hole, and the release hangs."""
    late_answer_then_black_hole(contest, 9.0)


def paused_beyond_the_lease(contest):
    """SIGSTOP in mid-lease, SIGCONT after the takeover."""
    contest.first.process.pause()
    contest.wait_other_leads()
    time.sleep(random.uniform(0, 1))
    contest.first.process.resume()
    time.sleep(11.5)  # client-go goes on for its renewDeadline


def late_release(contest):
    """Requests are held from mid-lease on and delivered after the takeover, a release among them.

    client-go writes an empty holder over the new leader's record."""
    contest.proxy.hold_all()
    contest.wait_other_leads()
    time.sleep(random.uniform(0.02, 0.3))
    contest.proxy.heal()
    time.sleep(14)


def stopped_while_paused(contest):
    """SIGSTOP, takeover, SIGTERM and SIGCONT: the release of a leader of the past."""
    contest.first.process.pause()
    contest.wait_other_leads()
    contest.first.process.signal(15)
    contest.first.process.resume()
    time.sleep(14)


def lease_deleted(contest):
    """The Lease is deleted; a follower may be first to make it anew."""
    # Right after a renewal there are two seconds in which followers look and the leader does not.
    seen = contest.proxy.last_commit()
    wait_for(lambda: contest.proxy.last_commit() > seen, 10, "a renewal", every=0.005)
    contest.lab.cluster.delete_lease(contest.lease)
    time.sleep(LEASE + 5)


def lease_deleted_behind_a_cut(contest):
    """A black hole, and the Lease is deleted: followers make it anew beside the old leader."""
    contest.proxy.black_hole()
    contest.lab.cluster.delete_lease(contest.lease)
    contest.wait_other_leads()
    time.sleep(12)


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
    "lease-deleted-behind-a-cut": (lease_deleted_behind_a_cut, "5s", False),
}
# Those that give client-go two leaders each time; the others depend on where they fall.
STRIKES = ("late-renewal-patient", "black-hole-with-release", "late-renewal-with-release",
           "paused-beyond-the-lease", "lease-deleted-behind-a-cut")
EACH = 2  # runs of a schedule for each kind, at the same time
KINDS = ("client-go", "ours")


def play(lab, say, kind, name, schedule):
    """Milliseconds of overlap of all pairs."""
    run, timeout, release = SCHEDULES[schedule]
    contest = Agents(lab, name, FOLLOWERS) if kind == "ours" else ClientGo(
        lab, name, followers=FOLLOWERS, timeout=timeout, release_on_cancel=release)
    try:
        contest.start()
        if kind == "ours":
            declared = contest.trio.fault(f"cut {contest.first.name}", contest.all, api=False)
        else:
            declared = contextlib.nullcontext()
        with declared:
            run(contest)
        contest.judge(say)
        return contest.two_leaders()
    finally:
        contest.stop()


@pytest.fixture(scope="module")
def played(lab, request):
    runs = {}
    if any("handovers" in item.name for item in request.session.items):
        runs = {f"shared-{i}": lambda lab, say, i=i: share_one_lease(lab, say, f"shared-{i}")
                for i in range(GROUPS)}
    for schedule in chosen(request, "schedule"):
        for kind, i in itertools.product(KINDS, range(EACH)):
            name = f"{schedule}-{kind}-{i}"
            runs[name] = (lambda lab, say, kind=kind, name=name, schedule=schedule:
                          play(lab, say, kind, name, schedule))
    concurrent = Concurrent(lab, runs)
    yield concurrent
    concurrent.close()


@pytest.fixture(scope="module")
def table(reports):
    rows = []
    yield rows
    lines = [f"| schedule ({EACH} runs of each) | client-go v0.37.2: two leaders, longest ms "
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
    assert max(theirs) > 0 or schedule not in STRIKES, "the schedule did not strike"
