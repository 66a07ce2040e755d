"""HTTP/2 over TLS, by clients that choose it unasked: Go's net/http and curl."""

import json
import subprocess

import pytest

from lab.processes import wait_for
from test_speed import Encrypted, reads, straight


@pytest.fixture(scope="module")
def pair(lab):
    """A leader and a follower that serve HTTPS."""
    agents = straight(lab, "http2", 2, Encrypted, poll_period="2s")
    try:
        wait_for(lambda: any(agent.leads() for agent in agents), 60, "a leader")
        yield sorted(agents, key=lambda agent: not agent.leads())
    finally:
        for agent in agents:
            agent.process.kill()


def go(lab, agent, key, *flags):
    """A Go program on its way; finish() has what it saw."""
    return subprocess.Popen(reads(lab, agent, key, *flags), stdout=subprocess.PIPE, text=True)


def finish(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(out)


@pytest.mark.parametrize("size,count", [(0, 20), (1, 200), (300_000, 40), (70 << 20, 2)])
def test_bodies_come_back_as_they_were_put(lab, pair, size, count):
    """Catches windows that are never given back, pieces of streams that are mixed up, and answers
    that end early; side by side on one connection."""
    seen = finish(go(lab, pair[0], f"size-{size}-", f"-size={size}", f"-count={count}"))
    assert seen == {"statuses": {"HTTP/2.0 200": 2 * count}, "connections": 1, "equal": count}
    seen = finish(go(lab, pair[0], f"one-{size}-", f"-size={size}", f"-count={count}", "-http1"))
    assert seen["statuses"] == {"HTTP/1.1 200": 2 * count} and seen["equal"] == count


def test_waiting_reads_share_a_connection_and_complete(lab, pair):
    """Catches an answer that waits for another stream's, and reads that nobody wakes."""
    leader, follower = pair
    asked = go(lab, follower, "late-", "-count=50")
    wait_for(lambda: follower.status()["pendingReads"] == 50, 20, "all to wait")
    for i in range(50):
        assert leader.write(f"etl/late-{i}", b"x") == "Committed"
    assert finish(asked) == {"statuses": {"HTTP/2.0 200": 50}, "connections": 1, "equal": 0}


@pytest.mark.parametrize("asked,had", [(None, "2"), ("--http1.1", "1.1")])
def test_curl_has_what_it_asks_for(lab, pair, asked, had):
    """Catches a protocol that is chosen for a client which did not offer it."""
    done = subprocess.run(
        ["curl", "--silent", "--cacert", lab.authority.ca, *([asked] if asked else []),
         "--output", "/dev/null", "--write-out", "%{http_version} %{http_code}",
         pair[0].url.replace("http:", "https:") + "/v1/status"],
        capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == f"{had} 200"


def test_a_stop_answers_what_waits(lab, pair):
    """The last one: a follower less. Catches a stop that cuts the connection: the client could not tell what to do about it."""
    _, follower = pair
    asked = go(lab, follower, "never-", "-count=50")
    wait_for(lambda: follower.status()["pendingReads"] == 50, 20, "all to wait")
    assert follower.stop() == 0
    assert finish(asked) == {"statuses": {"HTTP/2.0 503": 50}, "connections": 1, "equal": 0}
