"""The agent on Azurite, Microsoft's emulator of Azure Blob Storage."""

import base64
import re

import pytest

import install
from lab.azure import Azurite
from lab.bucket_checks import SAME_CLOCK, table
from lab.runs import leader_is_killed
from test_roles import alone  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def azurite(lab):
    made = Azurite(lab.folder / "azurite", install.azurite())
    yield made
    made.stop()


def test_write_and_read(azurite, alone):  # noqa: F811
    agent = alone("azure", azurite.secret_text(), {}).start()
    for key, body in {"etl/a b": b"body", "etl/empty": b"",
                      "etl/big": b"x" * 9000000}.items():
        assert agent.write(key.replace(" ", "%20"), body) == "Committed", agent.log
        assert agent.read(key.replace(" ", "%20")) == body


def test_check_bucket(azurite, alone):  # noqa: F811
    code, said = alone("azure-check", azurite.secret_text(), {}).ask("--check-bucket")
    found = table(said)
    assert " objects" in found.pop("LIST"), said  # of the tests above, or none
    assert re.fullmatch(SAME_CLOCK + ", at most 15m allowed by Azure", found.pop("clock")), said
    assert code == 0 and found == {
        "address": f"{azurite.url}/{azurite.bucket}/",
        "GET of a key that is not there": "404 BlobNotFound",
        "PUT": "stored",
        "GET": "what was stored",
        "If-None-Match on PUT": "honoured",
        "If-Match on PUT": "honoured",
        "two PUTs at once, If-Match": "one won, in 20 rounds",
        "two PUTs at once, If-None-Match": "one won, in 10 rounds",
        "a PUT that stalls while another wins": "refused",
        "If-Match on DELETE": "honoured",
        "DELETE": "works"}, said


def test_no_container_and_a_wrong_key(azurite, alone):  # noqa: F811
    code, said = alone("azure-none", azurite.secret_text("none"), {}).ask("--check-bucket")
    assert code == 69 and "ContainerNotFound" in said, said
    wrong = base64.b64encode(b"another").decode()
    code, said = alone("azure-key", azurite.secret_text(key=wrong), {}).ask("--check-bucket")
    assert code == 69, said
    assert "AuthorizationFailure" in said or "AuthenticationFailed" in said, said
    assert wrong not in said


def test_a_trio_fails_over(azurite, lab):
    leader_is_killed(lab, "azure-trio", azurite)
