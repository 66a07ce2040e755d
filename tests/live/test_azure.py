"""The agent on Azurite, Microsoft's emulator of Azure Blob Storage (`npm install azurite@3.35.0`).

It is looked for in PATH; without it the suite says SKIPPED.
"""

import base64
import email.utils
import hashlib
import hmac
import shutil
import urllib.request

import pytest

from lab import rest
from lab.processes import Process, clean_environment, free_port, wait_for
from test_roles import alone  # noqa: F401 (a fixture)

ACCOUNT = "live"
KEY = base64.b64encode(b"no secret of anybody").decode()


class Azurite:
    def __init__(self, folder, program):
        folder.mkdir(parents=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/{ACCOUNT}"
        self.process = Process(
            "azurite", [program, "--blobPort", str(port), "--location", folder, "--silent",
                        "--disableTelemetry"], folder / "azurite.log",
            clean_environment(folder, {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}))
        wait_for(lambda: rest.request("GET", self.url + "/none").status >= 400, 60, "Azurite",
                 self.process)

    def make_container(self, name):
        """Signed by hand: what is tried here must not be its own witness."""
        date = email.utils.formatdate(usegmt=True)
        text = (f"PUT{chr(10) * 12}x-ms-date:{date}\nx-ms-version:2021-12-02\n"
                f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container")
        mac = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        request = urllib.request.Request(
            f"{self.url}/{name}?restype=container", method="PUT",
            headers={"x-ms-date": date, "x-ms-version": "2021-12-02",
                     "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 201

    def secret(self, container, key=KEY):
        return (f"type: AZURE\nconfig:\n  container: {container}\n"
                f"  storage_connection_string: \"AccountName={ACCOUNT};AccountKey={key};"
                f"BlobEndpoint={self.url}\"\nprefix: pre\n")


@pytest.fixture(scope="module")
def azurite(lab):
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not in PATH")
    made = Azurite(lab.folder / "azurite", program)
    made.make_container("backups")
    yield made
    made.process.kill()


def test_write_and_read(azurite, alone):  # noqa: F811
    agent = alone("azure", azurite.secret("backups"), {}).start()
    for key, body in {"etl/a b": b"body", "etl/empty": b"",
                      "etl/big": b"x" * 9000000}.items():
        assert agent.write(key.replace(" ", "%20"), body) == "Committed", agent.log
        assert agent.read(key.replace(" ", "%20")) == body


def test_check_bucket(azurite, alone):  # noqa: F811
    code, said = alone("azure-check", azurite.secret("backups"), {}).ask("--check-bucket")
    print(said)
    assert code == 0 and "PUT" in said, said


def test_no_container_and_a_wrong_key(azurite, alone):  # noqa: F811
    code, said = alone("azure-none", azurite.secret("none"), {}).ask("--check-bucket")
    assert code == 69 and "ContainerNotFound" in said, said
    wrong = base64.b64encode(b"another").decode()
    code, said = alone("azure-key", azurite.secret("backups", wrong), {}).ask("--check-bucket")
    assert code == 69, said
    assert "AuthorizationFailure" in said or "AuthenticationFailed" in said, said
    assert wrong not in said
