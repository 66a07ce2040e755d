"""The simulated Lease API and bucket beside a real kube-apiserver, on etcd and on kine with SQLite,
MinIO, Versity S3 Gateway, rclone, moto, fake-gcs-server and Azurite. LEASEHOLD_KUBERNETES=1.34
compares with the older API server, LEASEHOLD_STORES=s3proxy,s3mock with these two, which need Java.

Catches: a simulated server that answers otherwise than a real one does, by status, reason, version
relations, content, pages or watch events; in scripted cases, in random sequences, and among
operations that are sent at once. The fixtures are those of tests/live (fixtures.py there).
"""

import os
import re
import subprocess

import pytest

import install
from lab.azure import Azurite
from lab.cluster import ADMIN, NAMESPACE
from lab.further import COMMANDS, Further, asked_for
from lab.gcs import FakeGcs

OPERATIONS = 5000
GCS_OPERATIONS = 1500  # each of its answers takes time that grows with all its objects
AZURE_OPERATIONS = 1000  # a language that is not made for speed
FURTHER_OPERATIONS = {"rclone": 3000, "moto": 400, "s3proxy": 3000, "s3mock": 400}
ONE_BY_ONE = ("rclone", "s3mock")  # of requests at once they lose what they acknowledged
PROFILES = {"minio": "minio", "versitygw": "versity"}


def compare(reports, name, *arguments, at_least=OPERATIONS, at_once=0.2, variables=None):
    """Runs the suite against one server; what it prints is the evidence."""
    done = subprocess.run(
        [os.environ["LEASEHOLD_CONFORMANCE"], "--operations", str(at_least), *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=400,
        env={**os.environ, **(variables or {})})
    print(done.stdout, done.stderr)
    assert done.returncode == 0, f"exit code {done.returncode}"
    line = done.stdout.strip().splitlines()[-1]
    (reports / f"conformance-{name}.txt").write_text(line + "\n", encoding="utf-8")
    counts = re.search(r"(\d+) cases, \d+ random sequences, (\d+) operations \((\d+) at once.* "
                       r"(\d+) differences", line)
    assert counts, line
    cases, operations, sent_at_once, differences = map(int, counts.groups())
    assert cases >= 29 and operations >= at_least and sent_at_once >= at_least * at_once
    assert differences == 0


@pytest.mark.parametrize("storage", ["etcd", "kine"])
def test_lease_api(lab, reports, tmp_path, storage):
    cluster = lab.cluster if storage == "etcd" else lab.kine()
    assert cluster.stored_in == storage
    version = cluster.must("GET", "/version")["gitVersion"]
    print(f"kube-apiserver {version} on {storage}")
    token = tmp_path / "token"
    token.write_text(cluster.token(), encoding="utf-8")
    admin = tmp_path / "admin"
    admin.write_text(ADMIN, encoding="utf-8")
    compare(reports, f"kube-apiserver-{storage}", "--lease-server", cluster.url, "--ca",
            cluster.ca, "--token-file", token, "--admin-token-file", admin, "--namespace",
            NAMESPACE, "--lease-profile", storage)


@pytest.mark.parametrize("store", PROFILES)
def test_bucket(lab, reports, tmp_path, store):
    secret = lab.stores[store].secret(tmp_path / "bucket.yaml")
    compare(reports, store, "--bucket-secret", secret, "--profile", PROFILES[store])


def test_every_server_is_compared():
    """Says which were not asked for: a comparison without them is none with all."""
    left = sorted(name for name in COMMANDS if not asked_for(name))
    if left:
        pytest.skip(f"not asked for: {', '.join(left)} (LEASEHOLD_STORES={','.join(left)})")


@pytest.mark.parametrize("name", [name for name in COMMANDS if asked_for(name)])
def test_further_bucket(lab, reports, tmp_path, name):
    server = Further(name, tmp_path / name, lab.tools)
    try:
        compare(reports, name, "--bucket-secret", server.secret(tmp_path / "bucket.yaml"),
                "--profile", name, at_least=FURTHER_OPERATIONS[name],
                at_once=0 if name in ONE_BY_ONE else 0.2)
    finally:
        server.stop()


def test_google(lab, reports, tmp_path):
    """On fake-gcs-server, whose DELETE looks at no condition."""
    gcs = FakeGcs(tmp_path / "gcs", lab.tools, backend="memory")
    try:
        secret = tmp_path / "bucket.yaml"
        secret.write_text(gcs.secret_text(), encoding="utf-8")
        compare(reports, "gcs", "--bucket-secret", secret, "--profile", "gcs",
                "--delete-ignores-conditions", at_least=GCS_OPERATIONS, variables=gcs.variables())
    finally:
        gcs.stop()


def test_azure(lab, reports, tmp_path):  # pylint: disable=unused-argument
    """On Azurite, in a server of its own, whose LISTs take time that grows with all its blobs."""
    azurite = Azurite(tmp_path / "azurite", install.azurite())
    try:
        secret = azurite.secret(tmp_path / "bucket.yaml")
        compare(reports, "azure", "--bucket-secret", secret, "--profile", "azure",
                at_least=AZURE_OPERATIONS)
    finally:
        azurite.stop()


def test_a_wrong_profile_is_found_out(lab, tmp_path):
    """The suite beside a real server can fail: MinIO is no Versity."""
    secret = lab.stores["minio"].secret(tmp_path / "bucket.yaml")
    done = subprocess.run(
        [os.environ["LEASEHOLD_CONFORMANCE"], "--operations", "0", "--differences", "20",
         "--bucket-secret", secret, "--profile", "versity"],
        capture_output=True, text=True, check=False, timeout=200)
    print(done.stdout, done.stderr)
    assert done.returncode == 1
    found = re.findall(r"DIFFERENCE in bucket\.([\w-]+)", done.stdout)
    assert {"delete-with-a-wrong-tag", "a-key-below-an-object", "a-key-above-objects"} <= set(found)
