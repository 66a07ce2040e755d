"""Electors of others on real servers: beside an agent on one Lease, and in groups of their own.

client-go and the official Python client always; LEASEHOLD_ELECTORS=java,rust plays fabric8 and the
official Java client, kube-leader-election and kubert too. Each with its usual durations: a lease of
15 s. The result are the tables electors.md and beside.md among the reports.
"""

import contextlib
import functools
import inspect
import random
import threading
import time
from datetime import datetime

import pytest

from fixtures import Concurrent
from lab.contests import LEASE, Ours, Theirs, seconds_since
from lab.electors import LIBRARIES, Elector, asked_for
from lab.processes import boottime_ns, wait_for
from lab.trio import SLOW, Trio, overlaps

PLAYED = [name for name, library in LIBRARIES.items() if asked_for(library)]


def test_every_library_is_played():
    """Says which were not asked for: a table without them is no table of all."""
    left = [library.title for library in LIBRARIES.values() if not asked_for(library)]
    if left:
        families = sorted({library.family for library in LIBRARIES.values() if library.family})
        pytest.skip(f"not asked for: {', '.join(left)} (LEASEHOLD_ELECTORS={','.join(families)})")


def blank(cluster, lease):
    """As an operator does who wants another leader."""
    def change(found):
        found["spec"]["holderIdentity"] = ""
    cluster.edit_lease(lease, change)


def renewed(cluster, lease):
    return (cluster.lease(lease) or {}).get("spec", {}).get("renewTime")


# ---- an agent and an elector on one Lease -------------------------------------------------------


class Pair:
    """An agent, a second one in reserve, and electors of one library."""

    def __init__(self, lab, name, library):
        self.lab = lab
        self.name = name
        self.library = library
        self.trio = Trio(lab, name, size=2, lease_duration=LEASE, retry_period="2s",
                         more=["--client-go-peers"])
        self.agent, self.fresh = self.trio.agents
        self.electors = []
        self.took = {}  # what happened: seconds from it to the next leader

    def new_elector(self):
        if self.library.wants_a_lease and self.lab.cluster.lease(self.name) is None:
            self.lab.cluster.make_lease(self.name)
        self.electors.append(Elector(self.lab, self.name, f"{self.name}-{len(self.electors)}",
                                     library=self.library, release_on_cancel=True))
        return self.electors[-1]

    def start(self, one, settle=3.0):
        """An elector or an agent that follows; with some rounds of its own before what comes."""
        if one is None:
            one = self.new_elector()
            one.wait_contending()
        else:
            one.start()
        time.sleep(settle + random.uniform(0, 2))
        return one

    @contextlib.contextmanager
    def next_leader(self, what, after, next_one, seconds=45):
        """What the body does to `after` leads to `next_one`; how long that took."""
        begin = boottime_ns()
        with self.trio.fault(what, [after] if after in self.trio.agents else []):
            yield
            leads = next_one.leads if next_one in self.trio.agents else next_one.leading
            wait_for(leads, seconds, f"{next_one.name} to lead after {what}", every=0.02)
        self.took[what] = seconds_since(begin)

    def spans(self):
        return {one.name: one.beliefs() for one in self.electors} | {
            agent.name: agent.gates() for agent in self.trio.agents}

    def judge(self, say):
        self.trio.stop()
        say(self.trio.verify(may_lack=SLOW))

    def stop(self):
        for one in self.electors:
            one.process.resume()
            one.kill()
        self.trio.kill()


def hand_over(pair):
    """SIGTERM of the elector; then of the agent."""
    elector = pair.new_elector().wait_leading()
    pair.start(pair.agent)
    with pair.next_leader("stop elector", elector, pair.agent):
        elector.stop()
    elector = pair.start(None)
    with pair.next_leader("stop agent", pair.agent, elector):
        assert pair.agent.stop() == 0


def die(pair):
    """SIGKILL of the elector; then of the agent."""
    elector = pair.new_elector().wait_leading()
    pair.start(pair.agent)
    with pair.next_leader("crash elector", elector, pair.agent):
        elector.kill()
        spec = pair.lab.cluster.lease(pair.name)["spec"]
    held = datetime.fromisoformat(spec["renewTime"]).timestamp() + spec["leaseDurationSeconds"]
    # The clock of the wall and that of the recordings run alike here.
    early = held - time.time() - (pair.agent.gates()[-1][0] - boottime_ns()) / 1e9
    assert early <= 0.01, f"the agent led {early:.3f} s before the lease had run out"
    elector = pair.start(None)
    with pair.next_leader("crash agent", pair.agent, elector):
        pair.agent.kill()
        pair.trio.declared.crashed(pair.agent.name)


def be_paused(pair):
    """SIGSTOP of the agent, SIGCONT after the elector has taken over."""
    pair.agent.start()
    wait_for(pair.agent.leads, 45, "the agent to lead")
    elector = pair.start(None)
    with pair.next_leader("pause agent", pair.agent, elector):
        pair.agent.pause()
    pair.agent.resume()
    resumed = boottime_ns()
    while seconds_since(resumed) < 11:
        assert not pair.agent.leads(), "it led on after SIGCONT"
        time.sleep(0.01)
    assert elector.leading()


def be_blanked(pair):
    """The agent releases, the elector takes, an operator blanks the Lease, and another agent starts.

    The record still carries the mark of the agent's release, which says nothing of the elector."""
    pair.agent.start()
    wait_for(pair.agent.leads, 45, "the agent to lead")
    elector = pair.start(None)
    with pair.next_leader("stop agent", pair.agent, elector):
        assert pair.agent.stop() == 0
    time.sleep(random.uniform(0.5, 2))
    blank(pair.lab.cluster, pair.name)
    pair.fresh.start()
    begin = boottime_ns()
    while seconds_since(begin) < LEASE + 3:
        assert not (pair.fresh.leads() and elector.leading()), "two leaders"
        time.sleep(0.01)


BESIDE = {"hand-over": hand_over, "death": die, "paused": be_paused, "blanked": be_blanked}


def play_beside(lab, say, name, library, schedule):
    pair = Pair(lab, name, LIBRARIES[library])
    try:
        BESIDE[schedule](pair)
        spans = pair.spans()
        pair.judge(say)
        assert overlaps(spans) == 0, spans
        return pair.took
    except BaseException:
        say(pair.trio.logs)
        raise
    finally:
        pair.stop()


# ---- groups of one kind -------------------------------------------------------------------------


def crash(contest):
    """SIGKILL of the leader."""
    contest.kill_first()
    return {"next": wait_next(contest)}


def black_hole(contest):
    """A black hole at the leader for 40 s."""
    contest.proxy.black_hole()
    begin = boottime_ns()
    took = wait_next(contest)
    time.sleep(max(0, 40 - seconds_since(begin)))
    contest.proxy.heal()
    time.sleep(10)
    return {"next": took}


def pause(contest):
    """SIGSTOP of the leader, SIGCONT after the takeover."""
    contest.first.process.pause()
    took = wait_next(contest)
    time.sleep(random.uniform(0, 1))
    resumed = boottime_ns()
    contest.first.process.resume()
    time.sleep(GOES_ON)
    return {"next": took, "both": contest.two_leaders(since=resumed) / 1e3}


def blank_lease(contest):
    """An operator blanks the Lease right after a renewal, until another one has taken it."""
    cluster, lease, first = contest.lab.cluster, contest.lease, contest.first.name
    begin = boottime_ns()
    while seconds_since(begin) < 25:
        seen = renewed(cluster, lease)
        with contextlib.suppress(AssertionError):  # ours does not renew what was taken from it
            wait_for(lambda: renewed(cluster, lease) != seen, 11, "a renewal", every=0.01)
        if cluster.holder(lease) not in (first, ""):
            break
        blank(cluster, lease)
        wait_for(lambda: cluster.holder(lease), 60, "a holder", every=0.02)
    time.sleep(GOES_ON)
    return {}


def wait_next(contest):
    begin = boottime_ns()
    contest.wait_other_leads()
    return seconds_since(begin)


GROUPS = {"crash": crash, "black-hole": black_hole, "paused": pause, "blanked": blank_lease}
# Runs of a schedule for each kind, at the same time. Failovers scatter.
EACH = {"crash": 4, "black-hole": 2, "paused": 2, "blanked": 2}
GOES_ON = 14  # seconds for which one may believe on: a renewDeadline, and what the machine adds
PATIENCE = 550  # seconds for all runs


def play_group(lab, say, name, kind, schedule):
    contest = Ours(lab, name) if kind == "leasehold" else Theirs(lab, name, LIBRARIES[kind])
    try:
        contest.start()
        declared = contextlib.nullcontext()
        if kind == "leasehold":
            word = {"black-hole": "cut", "paused": "pause"}.get(schedule, schedule)
            declared = contest.trio.fault(f"{word} {contest.first.name}", contest.all, api=False)
        with declared:
            result = GROUPS[schedule](contest)
        contest.judge(say)
        return {"both": contest.two_leaders() / 1e3, **result}
    finally:
        contest.stop()


# ---- the tests ----------------------------------------------------------------------------------


_turns = {name: threading.BoundedSemaphore(library.runs_at_once)
          for name, library in LIBRARIES.items()}


def in_turn(play, name, kind, schedule, lab, say):
    with _turns.get(kind, contextlib.nullcontext()):
        return play(lab, say, name, kind, schedule)


@pytest.fixture(scope="module")
def played(lab, request):
    runs = {}
    for item in request.session.items:
        parameters = getattr(item, "callspec", None)
        if item.module is not request.module or not parameters:
            continue
        kind, schedule = parameters.params["kind"], parameters.params["schedule"]
        if kind in LIBRARIES:
            LIBRARIES[kind].command(lab.tools)  # installs it, before anything waits for it
        if item.originalname == test_beside_an_agent.__name__:
            names, play = [f"{kind}-{schedule}-pair"], play_beside
        else:
            names, play = [f"{kind}-{schedule}-{i}" for i in range(EACH[schedule])], play_group
        for name in names:
            runs[name] = functools.partial(in_turn, play, name, kind, schedule)
    concurrent = Concurrent(lab, runs)
    yield concurrent
    concurrent.close()


@pytest.fixture(scope="module")
def group_table(reports):
    rows = {}
    yield rows
    head = ["elector", *(f"{inspect.getdoc(play)} n={EACH[one]}" for one, play in GROUPS.items())]
    lines = table_of(head, [[title, *(cells.get(one, "") for one in GROUPS)]
                            for title, cells in rows.items()])
    (reports / "electors.md").write_text(lines)
    print("\n" + lines)


@pytest.fixture(scope="module")
def pair_table(reports):
    rows = {}
    yield rows
    events = sorted({event for took in rows.values() for event in took})
    lines = table_of(["elector", *events], [
        [title, *(f"{took[event]:.1f} s" if event in took else "" for event in events)]
        for title, took in rows.items()])
    (reports / "beside.md").write_text(lines)
    print("\n" + lines)


def table_of(head, rows):
    return "".join("| " + " | ".join(map(str, cells)) + " |\n"
                   for cells in [head, ["---"] * len(head), *rows])


@pytest.mark.parametrize("schedule", BESIDE)
@pytest.mark.parametrize("kind", PLAYED)
def test_beside_an_agent(played, pair_table, kind, schedule):
    """One agent and one elector of others: catches a record that one misreads, a takeover before
    the lease ran out, an agent that acts after SIGCONT, and a Lease that somebody blanked taken
    while its holder believes that it leads."""
    took = played.result(f"{kind}-{schedule}-pair", PATIENCE)
    pair_table.setdefault(LIBRARIES[kind].title, {}).update(took)
    print(took)


@pytest.mark.parametrize("schedule", GROUPS)
@pytest.mark.parametrize("kind", ["leasehold", *PLAYED])
def test_group_of_one_kind(played, group_table, kind, schedule):
    """A leader and a follower of one kind under the same fault: ours never lead at once. What the
    others do is measured, and is what sim/peers/README.md says: another version may behave better."""
    results = [played.result(f"{kind}-{schedule}-{i}", PATIENCE) for i in range(EACH[schedule])]
    title = "leasehold" if kind == "leasehold" else LIBRARIES[kind].title
    both = [result["both"] for result in results]
    told = " ".join(f"{seconds:.2f}" for seconds in both)
    if schedule == "crash":
        told = " ".join(f"{took:.1f}" for took in sorted(result["next"] for result in results))
    group_table.setdefault(title, {})[schedule] = told
    print(title, schedule, results)
    if kind == "leasehold":
        assert both == [0.0] * len(results)
    else:
        least, most = LIBRARIES[kind].two_leaders.get(schedule, (0, 0))
        assert least <= max(both) <= most, "sim/peers/README.md, \"Beside ours\", says otherwise"
