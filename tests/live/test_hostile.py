"""Servers that lie, ramble, stall or are not who they say: an agent must not follow them, must not
grow, must not die, and must not show its credentials to a stranger."""

import time

import pytest

from fixtures import Concurrent
from lab.agents import Agent, Settings
from lab.hostile import ANSWERS, NAME, Hostile
from lab.pki import Authority
from lab.processes import resident_bytes, wait_for
from lab.proxies import FaultProxy
from lab.trio import SLOW, Trio

MIB = 1 << 20
NOT_COMMITTED = ("Failed", "Unknown", "Fenced", "SkippedFollower")


def lone_agent(lab, name, api=None, bucket_url=None, lease=NAME):
    """One agent of three whose API server or bucket is the one that is given."""
    folder = lab.folder / "hostile" / name
    folder.mkdir(parents=True)
    token = folder / "token"
    token.write_text(lab.cluster.token())
    secret = lab.stores["minio"].secret(folder / "bucket.yaml", bucket_url, f"hostile/{name}")
    settings = Settings(lab.agent_program, lease, lease_duration=5, stop_deadline="3s",
                        write_deadline="6s")
    return Agent(name, folder, settings, lab.cluster, api or lab.cluster.url, token, secret)


# ---- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(lab):
    stranger = Authority(lab.folder / "pki-stranger", "stranger")
    return {"expired": lab.authority.server("expired", expired=True),
            "wrong-name": lab.authority.server("wrong-name", names="DNS:elsewhere.example"),
            "foreign-ca": stranger.server("foreign")}


def refuses(lab, say, where, certificate):
    """What one agent does whose API server or bucket shows `certificate`."""
    upstream = lab.cluster.url if where == "api" else lab.stores["minio"].url
    proxy = FaultProxy(upstream, lab.cluster.ca, certificate)
    name = f"tls-{where}-{certificate.certificate.stem}"
    agent = lone_agent(lab, name, api=proxy.url if where == "api" else None,
                       bucket_url=proxy.url if where == "bucket" else None, lease=name)
    try:
        agent.start()
        if where == "bucket":
            wait_for(agent.leads, 15, "leadership")  # the Lease is real and free
            assert agent.write("etl/x", b"1", timeout=40) != "Committed"
        else:
            time.sleep(3)
            assert not agent.leads() and lab.cluster.lease(name) is None
        assert not proxy.exchanges, "a request went out over a connection that proved nothing"
        log = agent.process.log.read_text()
        say(log)
        assert "certificate" in log.lower() or "ssl" in log.lower(), "the log does not say why"
        assert agent.process.alive
    finally:
        agent.kill()
        proxy.stop()


@pytest.fixture(scope="module")
def refusals(lab, certificates, request):
    wanted = {(item.callspec.params["where"], item.callspec.params["kind"])
              for item in request.session.items if "kind" in getattr(item, "fixturenames", ())}
    concurrent = Concurrent(lab, {
        one: lambda lab, say, one=one: refuses(lab, say, one[0], certificates[one[1]])
        for one in wanted})
    yield concurrent
    concurrent.close()


@pytest.mark.parametrize("kind", ["expired", "wrong-name", "foreign-ca"])
@pytest.mark.parametrize("where", ["api", "bucket"])
def test_a_wrong_certificate_is_refused(refusals, kind, where):
    """Behind the certificate stands the real server: an agent that does not look would work. It
    must send nothing (a token among it), say why, and go on living."""
    refusals.result((where, kind))


# ---- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["api", "bucket"])
def test_no_hostile_answer_does_harm(lab, where):
    """For each kind of answer (lab/hostile.py) an agent that gets nothing else for six seconds, all
    at the same time. Catches parsers that trust, buffers without an end, deadlines that a slow
    server moves, and a leader that was made one by nonsense."""
    servers, agents = {}, {}
    certificate = lab.authority.server(f"hostile-{where}")
    try:
        for answer in ANSWERS:
            servers[answer] = Hostile(certificate, answer)
            agents[answer] = lone_agent(
                lab, f"{where}-{answer}", lease=NAME if where == "api" else f"hostile-{answer}",
                **({"api": servers[answer].url} if where == "api" else
                   {"bucket_url": servers[answer].url}))
            agents[answer].start(wait=False)
        for agent in agents.values():
            agent.wait_ready(30)
        if where == "bucket":
            for agent in agents.values():
                wait_for(agent.leads, 20, f"{agent.name} to lead")
            writes = {answer: agent.write_in_background("etl/x", b"1")
                      for answer, agent in agents.items()}
        time.sleep(6)
        for answer, agent in agents.items():
            assert agent.process.alive, f"{answer} ended the agent\n{agent.process.tail()}"
            assert where == "bucket" or not agent.leads(), f"{answer} made a leader"
            size = resident_bytes(agent.process.pid)
            assert size < 64 * MIB, f"{answer}: {size / MIB:.0f} MiB resident"
            assert servers[answer].answered.get(answer), f"{answer} was never asked for"
        if where == "bucket":
            for answer, write in writes.items():
                assert write.result(60) in NOT_COMMITTED, answer
        for answer, agent in agents.items():
            assert agent.stop(10) == 0, f"{answer}\n{agent.process.tail()}"
    finally:
        for agent in agents.values():
            if agent.process is not None:
                agent.kill()
        for server in servers.values():
            server.stop()


def test_a_trio_outlives_a_hostile_spell(lab):
    """The leader's API server turns hostile, then honest again: catches state that nonsense left
    behind. The checkers judge the whole."""
    trio = Trio(lab, "hostile-spell", lease_duration=5)
    server = Hostile(lab.authority.server("hostile-spell"))
    try:
        trio.start()
        leader = trio.leader()
        assert leader.write("etl/x", b"1") == "Committed"
        link = trio.api_links[trio.index(leader)]
        with trio.fault(f"cut {leader.name} from the API", [leader], api=False):
            link.lead_to(server.port)
            trio.leader(10, other_than=leader)
            time.sleep(3)
            link.lead_to(lab.cluster.port)
        assert sum(server.answered.values()) > 3, server.answered
        assert trio.leader().write("etl/x", b"2") == "Committed"
        time.sleep(2)
        trio.stop()
        print(trio.verify(may_lack=SLOW))
    finally:
        trio.kill()
        server.stop()
