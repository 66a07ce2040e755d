"""Followers against a real bucket: backup reads wait for the leader's next version, queries never
wait, and a promotion lets all of the waiting go."""

import concurrent.futures
import json
import subprocess
import time

import pytest

from lab.processes import wait_for
from lab.trio import SLOW, Trio

DAY = "etl/bingen/allocations/1d/"
POLL = 2  # seconds


@pytest.fixture(scope="module")
def trio(lab):
    made = Trio(lab, "followers", lease_duration=5, poll_period=f"{POLL}s")
    yield made.start()
    made.kill()


def test_a_read_waits_and_completes(trio):
    """A follower's backup read of a key that is not there yet waits for it, and comes back within
    a poll period and a pass. Catches NotFound from a follower, and reads that nobody wakes."""
    leader, follower = trio.leader(), trio.followers()[0]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        reads = [pool.submit(follower.read, DAY + f"wait-{i}") for i in range(5)]
        time.sleep(1)
        assert not any(read.done() for read in reads), "a follower answered at once"
        for i in range(5):
            assert leader.write(DAY + f"wait-{i}", b"%d" % i) == "Committed"
        committed = time.monotonic()
        for i, read in enumerate(reads):
            answer = read.result(60)
            assert (answer.status, answer.body) == (200, b"%d" % i)
        took = time.monotonic() - committed
        print(f"five reads completed {took:.2f} s after the last commit")
        assert took < POLL + 2
        # The next version: a read that knows this one waits again.
        known = reads[0].result().headers["etag"]
        again = pool.submit(follower.read, DAY + "wait-0", "30s", known)
        time.sleep(POLL + 1)
        assert not again.done(), "a read of a known version came back with it"
        assert leader.write(DAY + "wait-0", b"second") == "Committed"
        assert again.result(30).body == b"second"


def test_a_read_ends_by_its_deadline(trio):
    """Catches a read that is parked beyond what its caller asked for."""
    follower = trio.followers()[0]
    began = time.monotonic()
    answer = follower.read(DAY + "never", deadline="1500ms")
    took = time.monotonic() - began
    print(f"{answer.status} after {took:.3f} s: {answer.text.strip()}")
    assert answer.status == 504 and 1.4 < took < 2.2


def test_a_closed_connection_cancels_its_read(trio):
    """Catches reads that stay behind for callers who have gone, until memory is full of them."""
    follower = trio.followers()[0]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for i in range(20):
            pool.submit(follower.ask, "GET", f"/v1/backup/{DAY}gone-{i}?deadline=30s", None, 3)
        wait_for(lambda: follower.status()["pendingReads"] == 20, 5, "20 pending reads")
    wait_for(lambda: follower.status()["pendingReads"] == 0, 5, "the reads to be cancelled")


def test_queries_do_not_wait_behind_reads(lab, trio):
    """200 clients ask a follower that has 50 reads pending, together 2,000 times a second, then all
    at once: none waits for anything. Catches queries that stack up behind blocked reads, which is
    how a replica dies."""
    leader, (follower, idle) = trio.leader(), trio.followers()
    assert leader.write(DAY + "query", b"x" * 1024) == "Committed"
    for one in (follower, idle):
        wait_for(lambda: one.query(DAY + "query").status == 200, 20, "the follower's own copy")

    def load(agent, *flags):
        done = subprocess.run([lab.tools["load"], "-connections=200", *flags,
                               f"{agent.url}/v1/query/{DAY}query"],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        reads = [pool.submit(follower.read, DAY + f"pending-{i}", "40s") for i in range(50)]
        wait_for(lambda: follower.status()["pendingReads"] == 50, 10, "50 pending reads")
        # Beside a follower on which nothing waits: what else this machine does is not the agent's.
        pairs = [[load(agent, "-rounds=30", "-period=100ms") for agent in (follower, idle)]
                 for _ in range(3)]
        paced, beside = min(pairs, key=lambda pair: pair[0]["p99Ms"] / pair[1]["p99Ms"])
        burst = load(follower, "-rounds=20")
        print(f"200 clients, 2000 queries/s: {paced}\nwhere nothing waits: {beside}\n"
              f"200 queries at once: {burst}")
        assert follower.status()["pendingReads"] == 50, "the queries let a read go"
        assert set(paced["statuses"]) == set(burst["statuses"]) == {"200"}
        for key in ("missing", "pending-0"):  # nobody's, and one that a read waits for
            began = time.monotonic()
            answer = follower.query(DAY + key)
            assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1, key
            assert time.monotonic() - began < 1, f"the query of {key} waited"
        for i in range(50):
            assert leader.write(DAY + f"pending-{i}", b"%d" % i) == "Committed"
        assert [read.result(60).body for read in reads] == [b"%d" % i for i in range(50)]
    # 5 ms on a machine that has nothing else to do; on another one, what it costs there anyway. A
    # query that waits behind a read takes seconds.
    assert paced["p99Ms"] < max(5, 4 * beside["p99Ms"])
    assert burst["maxMs"] < 1000


def test_promotion_releases_all_reads(trio):
    """The leader dies; of the followers, the one that is promoted answers every waiting read as a
    leader does. Catches reads that wait on after the promotion for a leader that they are."""
    leader = trio.leader()
    assert leader.write(DAY + "there", b"there") == "Committed"
    followers = trio.followers()
    known = {}
    for follower in followers:  # both have seen it, so that their reads wait for a newer one
        answer = follower.read(DAY + "there")
        assert answer.body == b"there"
        known[follower] = answer.headers["etag"]
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        reads = {f: [pool.submit(f.read, DAY + "there", "50s", known[f])]
                 + [pool.submit(f.read, DAY + f"absent-{i}", "50s") for i in range(30)]
                 for f in followers}
        wait_for(lambda: all(f.status()["pendingReads"] == 31 for f in followers), 10,
                 "31 pending reads on both followers")
        trio.kill_agent(leader)
        promoted = trio.leader(12, other_than=leader)
        answers = [read.result(10) for read in reads[promoted]]
        print(f"{promoted.name} answered {sorted({a.status for a in answers})}")
        assert answers[0].status == 200 and answers[0].body == b"there"
        assert all(answer.status == 404 for answer in answers[1:])
        other = next(f for f in followers if f is not promoted)
        assert not any(read.done() for read in reads[other]), "a follower's reads were let go"
        other.process.signal(15)
        assert all(read.result(30).status == 503 for read in reads[other])  # it shuts down
        assert other.process.wait(20) == 0


def test_recordings_hold_all_invariants(trio):
    """All of the above through the checkers; catches what no test above looks at."""
    trio.stop()
    print(trio.verify(may_lack=SLOW))
