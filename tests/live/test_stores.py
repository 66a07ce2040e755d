"""The agent on two real S3 servers that differ where clients get hurt, and on one that ignores
preconditions."""

import hashlib
import re
import time

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from lab.agents import PREFIX
from lab.bucket_checks import SAME_CLOCK, table
from lab.further import COMMANDS, Further, asked_for
from lab.processes import wait_for
from lab.proxies import FaultProxy
from lab.shifted_clock import shifted
from lab.stores import REGION, STORES, MinIO
from lab.trio import SLOW, Trio
from test_roles import alone  # noqa: F401 (a fixture)

ODD_KEYS = ["etl/plain", "etl/with blank", "etl/a+b=c&d", "etl/ümlaut/日本", "etl/per%cent~tilde",
            "etl/deep/" + "/".join("abcdefgh"), "etl/" + "x" * 200]


@pytest.fixture(scope="module", params=STORES)
def trio(lab, request):
    made = Trio(lab, f"stores-{request.param}", store=request.param, lease_duration=5)
    yield made.start()
    made.kill()


def test_write_read_overwrite_remove(trio):
    """Catches keys that are signed or encoded wrongly, sizes at the edges, and removals that leave
    something behind for readers. The bucket is looked at by a client that nobody here wrote."""
    leader, follower = trio.leader(), trio.followers()[0]
    bodies = {key: f"body of {key}".encode() for key in ODD_KEYS}
    bodies |= {"etl/empty": b"", "etl/one": b"1", "etl/large": b"0123456789abcdef" * (1 << 19)}
    for key, body in bodies.items():
        assert leader.write(key, body) == "Committed", key
    stored = trio.objects()
    for key, body in bodies.items():
        assert stored[key].endswith(body), key
        answer = leader.read(key)
        assert answer.status == 200 and answer.body == body, key
        answer = follower.read(key)
        assert answer.status == 200 and answer.body == body, key
    assert follower.write("etl/plain", b"no") == "SkippedFollower"
    assert leader.write("etl/plain", b"second") == "Committed"
    assert leader.read("etl/plain").body == b"second"
    assert leader.remove("etl/plain") == "Committed"
    assert leader.read("etl/plain").status == 404
    wait_for(lambda: follower.query("etl/plain").status != 200, 20, "the follower to forget it")


def test_preconditions_are_found_honoured(trio):
    """Catches a probe that mistakes a good store for a bad one, and costs it its large objects."""
    leader = trio.leader()
    assert leader.write("etl/probe", b"1") == "Committed"
    wait_for(lambda: leader.status()["preconditions"] == "honoured", 20, "the probe")


def test_epochs_fence_over_successive_leaders(trio):
    """Each leader claims an epoch above all before it; catches a claim that is lost or repeated."""
    epochs = []
    for turn in range(4):
        leader = trio.leader()
        assert leader.write("etl/fenced", b"%d" % turn) == "Committed"
        epochs.append(leader.status()["epoch"])
        if turn % 2:
            trio.kill_agent(leader)
        else:
            assert leader.stop() == 0
        trio.leader(12, other_than=leader)
        leader.start()
    print(f"epochs {epochs}")
    assert epochs == sorted(set(epochs))


def test_tracked_keys_alone_are_listed(trio):
    """The index lists what lies below the prefix, and neither epochs nor probes."""
    leader = trio.leader()
    assert leader.write("etl/listed", b"1") == "Committed"
    answer = leader.ask("GET", f"/v1/backup?prefix={PREFIX}")
    assert answer.status == 200 and "etl/listed" in answer.text and ".ha/" not in answer.text


def test_server_killed_and_back(trio):
    """SIGKILL of the S3 server under writes: what was acknowledged is there afterwards."""
    leader, store = trio.leader(), trio.store
    committed = {}
    with trio.fault("outage of the bucket", trio.agents, bucket=False):
        store.process.kill()
        time.sleep(0.5)
        store.process = store.start()
        wait_for(lambda: trio.store.client().list_buckets(), 30, "the server", store.process)
    for i in range(10):
        wait_for(lambda i=i: leader.write(f"etl/after-{i}", b"%d" % i) == "Committed", 30, "a write")
        committed[f"etl/after-{i}"] = b"%d" % i
    stored = trio.objects()
    assert all(stored[key].endswith(body) for key, body in committed.items())


def test_recordings_hold_all_invariants(trio):
    """All of the above through the checkers; catches what no test above looks at."""
    trio.stop()
    print(trio.verify(may_lack=SLOW))


EMPTY = "works, no objects -> is the bucket's name right? Some stores make what is missing"
CHECKS = {"LIST": EMPTY, "GET of a key that is not there": "404 NoSuchKey", "PUT": "stored",
          "GET": "what was stored", "If-None-Match on PUT": "honoured",
          "If-Match on PUT": "honoured", "two PUTs at once, If-Match": "one won, in 20 rounds",
          "two PUTs at once, If-None-Match": "one won, in 10 rounds",
          "a PUT that stalls while another wins": "refused", "DELETE": "works"}
DELETES = {"minio": "ignored -> removed keys leave a small tombstone for good",
           "versitygw": "honoured"}


@pytest.mark.parametrize("store", DELETES)
def test_check_bucket(lab, alone, tmp_path, store):  # noqa: F811
    """Catches a table that says of a store what another does."""
    secret = lab.stores[store].secret(tmp_path / "bucket.yaml", prefix="checked").read_text()
    code, said = alone(f"check-{store}", secret, {}).ask("--check-bucket")
    found = table(said)
    assert re.fullmatch(SAME_CLOCK + ", at most 15m allowed by S3", found.pop("clock")), said
    place = {"address": f"{lab.stores[store].url}/live/ (the bucket in the path)",
             "region": REGION}
    assert code == 0 and found == {**place, **CHECKS, "If-Match on DELETE": DELETES[store]}, said


class ElsewhereMinIO(MinIO):
    """Of another region than everybody's guess."""

    def environment(self):
        return {"MINIO_SITE_REGION": "eu-central-1"}

    def client(self, url=None):
        return boto3.client(
            "s3", endpoint_url=url or self.url, region_name="eu-central-1", verify=str(self.ca),
            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, proxies={}))


@pytest.fixture(scope="module")
def elsewhere(lab):
    made = ElsewhereMinIO(lab.folder / "elsewhere", lab.tools, lab.authority)
    yield made
    made.stop()


def test_check_bucket_finds_the_region(elsewhere, alone, tmp_path):  # noqa: F811
    """Catches a bucket of a region that nobody configured and that is never found, and advice
    about permissions where the region is wrong."""
    secret = elsewhere.secret(tmp_path / "bucket.yaml").read_text()
    given = f"  region: {REGION}\n"
    code, said = alone("region-none", secret.replace(given, ""), {}).ask("--check-bucket")
    assert code == 0 and table(said)["region"].startswith("eu-central-1, as the bucket says"), said
    code, said = alone("region-wrong", secret, {}).ask("--check-bucket")
    found = table(said)
    assert code == 69 and found["!region"].endswith("-> set config.region: eu-central-1"), said
    assert found["!LIST"].endswith("-> set config.region: eu-central-1"), said
    code, said = alone("region-right", secret.replace(given, "  region: eu-central-1\n"),
                       {}).ask("--check-bucket")
    assert code == 0 and table(said)["region"] == "eu-central-1", said


def test_check_bucket_tells_what_is_wrong(elsewhere, alone, tmp_path):  # noqa: F811
    """Catches advice about permissions where another line of the secret is wrong."""
    secret = elsewhere.secret(tmp_path / "bucket.yaml").read_text().replace(
        f"region: {REGION}", "region: eu-central-1")
    for name, mistaken, advice in (
            ("key", secret.replace(elsewhere.secret_key, "wrong"), "the secret key is not that"),
            ("access", secret.replace(elsewhere.access_key, "wrong"), "the access key is not known"),
            ("bucket", secret.replace("bucket: live", "bucket: livve"), "is config.bucket right?"),
            ("ca", secret[:secret.index("  http_config")], "the CA that signed it goes to"),
            ("plain", secret[:secret.index("  http_config")] + "  insecure: true\n",
             "does the server want TLS?"),
            ("port", secret.replace(str(elsewhere.port), "1"), "is the port right"),
            ("name", secret.replace("127.0.0.1", "no-such.invalid"), "is the name right")):
        code, said = alone(f"wrong-{name}", mistaken, {}).ask("--check-bucket")
        assert code == 69 and f"-> {advice}" in table(said)["!LIST"], said


@pytest.mark.parametrize("store", DELETES)
def test_check_bucket_with_a_clock_that_is_off(lab, alone, tmp_path, store):  # noqa: F811
    """Catches advice about permissions where the store refuses the clock, and a clock that is not
    told before it does."""
    secret = lab.stores[store].secret(tmp_path / "bucket.yaml", prefix="clock").read_text()
    code, said = alone(f"late-{store}", secret, shifted(tmp_path, 300)).ask("--check-bucket")
    warned = (r"(4m59|5m0)s ahead of the server's \(within \d\.\ds\), at most 15m allowed by S3 -> "
              r"S3 refuses requests signed more than 15m off \(403 RequestTimeTooSkewed\): set .*")
    assert code == 0 and re.fullmatch(warned, table(said)["clock"]), said
    code, said = alone(f"off-{store}", secret, shifted(tmp_path, 1200)).ask("--check-bucket")
    found = table(said)
    print(said)
    assert code == 69 and set(found) == {"address", "region", "!clock", "!LIST"}, said
    assert re.match("(19m59|20m0)s ahead of the server's", found["!clock"]), said
    assert "RequestTimeTooSkewed" in found["!LIST"] and "no permission is missing" in found["!LIST"]


NOT_ATOMIC = ("s3proxy", "s3mock")


@pytest.mark.parametrize("name", [name for name in COMMANDS if asked_for(name)])
def test_check_bucket_of_further_servers(lab, alone, tmp_path, name):  # noqa: F811
    """Catches a table that calls a store safe of which two writers of one version both win."""
    server = Further(name, tmp_path / name, lab.tools)
    try:
        secret = server.secret(tmp_path / "bucket.yaml").read_text()
        code, said = alone(f"check-{name}", secret, {}).ask("--check-bucket")
    finally:
        server.stop()
    found = table(said)
    races = [found.pop(f"two PUTs at once, {one}") for one in ("If-Match", "If-None-Match")]
    print(said)
    assert re.fullmatch(SAME_CLOCK + ", at most 15m allowed by S3", found.pop("clock")), said
    if name in NOT_ATOMIC:
        # S3Proxy creates one at a time; S3Mock lets both win now and then, whatever they ask.
        assert any(re.fullmatch(r"both stored in \d+ of \d+ rounds -> set --preconditions notAtomic",
                                race) for race in races), said
    elif name == "moto":
        # It checks and stores apart, now and then between two others: what was seen is said.
        assert all(race.startswith(("one won, in", "both stored in")) for race in races), said
    else:
        assert races == ["one won, in 20 rounds", "one won, in 10 rounds"], said
    expected = {**CHECKS, "If-Match on DELETE": "honoured", "region": REGION,
                "address": f"{server.url}/live/ (the bucket in the path)"}
    expected = {what: seen for what, seen in expected.items() if not what.startswith("two PUTs")}
    assert code == 0 and found == expected, said


class Careless:
    """A store that ignores preconditions: a proxy that takes them off and signs again."""

    def __init__(self, lab, store):
        self.stripped = 0
        self._store = store
        self._credentials = Credentials(store.access_key, store.secret_key)
        self.proxy = FaultProxy(store.url, store.ca, lab.authority.server("careless"),
                                rewrite=self._rewrite)

    def _rewrite(self, method, target, headers, body):
        dropped = {"if-match", "if-none-match", "authorization", "x-amz-date", "host"}
        self.stripped += sum(name.lower() in ("if-match", "if-none-match") for name in headers)
        kept = {name: value for name, value in headers.items() if name.lower() not in dropped}
        kept["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
        kept = {n: v for n, v in kept.items() if n == "X-Amz-Content-SHA256"
                or n.lower() != "x-amz-content-sha256"}
        request = AWSRequest(method, self._store.url + target, kept, body)
        S3SigV4Auth(self._credentials, "s3", REGION).add_auth(request)
        return dict(request.headers.items())


def test_a_store_that_ignores_preconditions_is_found_out(lab):
    """A store that takes any PUT fences nobody. Catches a probe that believes what it is told: the
    leader must say so in its status, its metric and its log within seconds."""
    careless = Careless(lab, lab.stores["minio"])
    trio = Trio(lab, "careless", lease_duration=5)
    try:
        for link in trio.bucket_links:
            link.lead_to(careless.proxy.port)
        trio.start()
        leader = trio.leader()
        began = time.monotonic()
        assert leader.write("etl/careless", b"1") == "Committed"
        wait_for(lambda: leader.status()["preconditions"] == "ignored", 20, "the probe")
        print(f"found out after {time.monotonic() - began:.1f} s, "
              f"{careless.stripped} preconditions were taken off")
        assert careless.stripped > 0
        log = leader.process.log.read_text()
        assert "ignores conditional writes" in log, f"the log says nothing of it:\n{log}"
        metric = {name: value for name, value in leader.metrics().items()
                  if "precondition" in name}
        print(metric)
        assert metric, "no metric tells of it"
        trio.stop()
        print(trio.verify(may_lack=SLOW))
    finally:
        trio.kill()
        careless.proxy.stop()
