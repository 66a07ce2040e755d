"""The agent on fake-gcs-server, an emulator of Google Cloud Storage."""

import pytest

from lab.gcs import FakeGcs
from lab.processes import wait_for
from test_roles import alone  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def gcs(lab):
    made = FakeGcs(lab.folder / "gcs", lab.tools)
    yield made
    made.stop()


def test_write_read_overwrite(gcs, alone):  # noqa: F811
    """Catches names that are encoded wrongly, sizes at the edges, and a stamp that is lost."""
    agent = alone("gcs", gcs.secret(), gcs.environment).start()
    bodies = {"etl/a%20b%2Bc%26d": b"body", "etl/%C3%BCmlaut": b"u", "etl/empty": b"",
              "etl/big": b"x" * 9000000}
    for key, body in bodies.items():
        assert agent.write(key, body) == "Committed", agent.log
        assert agent.read(key) == body, key
    before = gcs.objects()
    assert {"pre/etl/a b+c&d", "pre/etl/ümlaut", "pre/etl/empty", "pre/etl/big"} <= set(before)
    assert agent.write("etl/empty", b"now") == "Committed"
    assert agent.read("etl/empty") == b"now"
    assert gcs.objects()["pre/etl/empty"][0] > before["pre/etl/empty"][0]


def test_the_server_is_killed_and_comes_back(gcs, alone):  # noqa: F811
    agent = alone("gcs-killed", gcs.secret(), gcs.environment).start()
    assert agent.write("etl/before", b"1") == "Committed"
    gcs.process.kill()
    gcs.process = gcs.start()
    wait_for(lambda: agent.write("etl/after", b"2") == "Committed", 30, "a write")
    assert agent.read("etl/before") == b"1" and agent.read("etl/after") == b"2"


def test_check_bucket(gcs, alone):  # noqa: F811
    code, said = alone("gcs-check", gcs.secret(), gcs.environment).ask("--check-bucket")
    print(said)
    lines = {line.strip().split("  ")[0]: line for line in said.splitlines()}
    assert code == 0
    assert "honoured" in lines["If-None-Match on PUT"]
    assert "honoured" in lines["If-Match on PUT"]
    assert "one won" in lines["two conditional PUTs at once"]
    assert "ignored" in lines["If-Match on DELETE"], "fake-gcs-server has learnt of it"


def test_no_bucket_and_what_is_in_force(gcs, alone):  # noqa: F811
    code, said = alone("gcs-none", gcs.secret("none"), gcs.environment).ask("--check-bucket")
    assert code == 69 and "storage.objects.list" in said, said
    code, said = alone("gcs-config", gcs.secret(), gcs.environment).ask("--check-config")
    assert code == 0 and f"url: {gcs.url}/live/" in said, said
    assert "STORAGE_EMULATOR_HOST is set" in said
