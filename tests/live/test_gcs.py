"""The agent on fake-gcs-server, an emulator of Google Cloud Storage."""

import re

import pytest

from lab.bucket_checks import SAME_CLOCK, table
from lab.gcs import FakeGcs
from lab.processes import wait_for
from lab.runs import leader_is_killed
from test_roles import alone  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def gcs(lab):
    made = FakeGcs(lab.folder / "gcs", lab.tools)
    yield made
    made.stop()


def test_write_read_overwrite(gcs, alone):  # noqa: F811
    """Catches names that are encoded wrongly, sizes at the edges, and a stamp that is lost."""
    agent = alone("gcs", gcs.secret_text(), gcs.variables()).start()
    bodies = {"etl/a%20b%2Bc%26d": b"body", "etl/%C3%BCmlaut": b"u", "etl/empty": b"",
              "etl/big": b"x" * 9000000}
    for key, body in bodies.items():
        assert agent.write(key, body) == "Committed", agent.log
        assert agent.read(key) == body, key
    before = gcs.generations()
    assert {"pre/etl/a b+c&d", "pre/etl/ümlaut", "pre/etl/empty", "pre/etl/big"} <= set(before)
    assert agent.write("etl/empty", b"now") == "Committed"
    assert agent.read("etl/empty") == b"now"
    assert gcs.generations()["pre/etl/empty"][0] > before["pre/etl/empty"][0]


def test_the_server_is_killed_and_comes_back(gcs, alone):  # noqa: F811
    agent = alone("gcs-killed", gcs.secret_text(), gcs.variables()).start()
    assert agent.write("etl/before", b"1") == "Committed"
    gcs.process.kill()
    gcs.process = gcs.start()
    wait_for(lambda: agent.write("etl/after", b"2") == "Committed", 30, "a write")
    assert agent.read("etl/before") == b"1" and agent.read("etl/after") == b"2"


def test_check_bucket(gcs, alone):  # noqa: F811
    code, said = alone("gcs-check", gcs.secret_text(), gcs.variables()).ask("--check-bucket")
    found = table(said)
    assert " objects" in found.pop("LIST"), said  # of the tests above, or none
    assert re.fullmatch(SAME_CLOCK, found.pop("clock")), said
    assert code == 0 and found == {
        "address": f"{gcs.url}/{gcs.bucket}/",
        "GET of a key that is not there": "404",  # its words are "Not Found", and no code
        "PUT": "stored",
        "GET": "what was stored",
        "If-None-Match on PUT": "honoured",
        "If-Match on PUT": "honoured",
        "two PUTs at once, If-Match": "one won, in 20 rounds",
        "two PUTs at once, If-None-Match": "one won, in 10 rounds",
        "a PUT that stalls while another wins": "refused",
        "If-Match on DELETE": "ignored -> removed keys leave a small tombstone for good",
        "DELETE": "works"}, said


def test_a_trio_fails_over(gcs, lab):
    leader_is_killed(lab, "gcs-trio", gcs)


def test_no_bucket_and_what_is_in_force(gcs, alone):  # noqa: F811
    code, said = alone("gcs-none", gcs.secret_text("none"), gcs.variables()).ask("--check-bucket")
    assert code == 69 and "404 notFound: Not Found -> is config.bucket right?" in said, said
    code, said = alone("gcs-config", gcs.secret_text(), gcs.variables()).ask("--check-config")
    assert code == 0 and f"url: {gcs.url}/live/" in said, said
    assert "STORAGE_EMULATOR_HOST is set" in said
