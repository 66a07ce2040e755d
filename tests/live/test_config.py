"""Configuration as users have it: a kubeconfig whose user is a command, and Helm's own answers."""

import json
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from fixtures import cannot_run, tools_or_reason
from lab import rest
from lab.lab import tools_build
from lab.processes import Process, clean_environment, free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
LIFE = 10  # seconds, of a credential


class Plugin:
    """A command that prints the credential in a file, as EKS' and GKE's print theirs."""

    def __init__(self, folder):
        self.folder = folder
        self.script = folder / "get-token"
        self.script.write_text("#!/bin/sh\n"
                               f"echo \"$KUBERNETES_EXEC_INFO\" >> {folder}/told\n"
                               f"cat {folder}/credential\n")
        self.script.chmod(0o755)

    def give(self, token):
        ends = datetime.now(timezone.utc) + timedelta(seconds=LIFE)
        text = json.dumps({"apiVersion": "client.authentication.k8s.io/v1",
                           "kind": "ExecCredential",
                           "status": {"token": token, "expirationTimestamp":
                                      ends.strftime("%Y-%m-%dT%H:%M:%SZ")}})
        (self.folder / "new").write_text(text)
        (self.folder / "new").rename(self.folder / "credential")

    def told(self):
        return [json.loads(line) for line in (self.folder / "told").read_text().splitlines()]


def write_kubeconfig(lab, folder):
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./get-token",
                     "interactiveMode": "Never", "provideClusterInfo": True}}
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "lab",
              "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab",
                                                       "namespace": "leasehold"}}],
              "clusters": [{"name": "lab", "cluster": {
                  "server": lab.cluster.url, "certificate-authority": str(lab.cluster.ca)}}],
              "users": [{"name": "lab", "user": user}]}
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return path


def test_a_command_gives_the_credential_and_is_run_before_its_end(lab):
    """Catches a command that is run never, at each request or too late, and a leader that loses its
    Lease between two credentials: it holds it over three of them, and answers throughout."""
    folder = lab.folder / "exec"
    folder.mkdir()
    plugin = Plugin(folder)
    plugin.give(lab.cluster.token())
    url = f"http://127.0.0.1:{free_port()}"
    agent = Process("exec", [
        lab.agent_program, "--leader-follower", "--replicas=2", "--pod-name=exec-0",
        f"--kubeconfig={write_kubeconfig(lab, folder)}", "--lease-name=exec", "--profile=fast",
        f"--bucket-dir={folder / 'bucket'}", f"--store-dir={folder / 'store'}",
        f"--listen={url.removeprefix('http://')}"], folder / "agent.log",
        clean_environment(folder))
    wait_for(lambda: lab.cluster.holder("exec").startswith("exec-0"), 30, "the Lease to be held",
             agent)
    holder = lab.cluster.holder("exec")
    until = time.monotonic() + 3 * LIFE
    while time.monotonic() < until:
        plugin.give(lab.cluster.token())
        assert lab.cluster.holder("exec") == holder, agent.tail()
        assert rest.request("GET", url + "/readyz").status == 200
        time.sleep(0.5)
    told = plugin.told()
    assert 4 <= len(told) <= 8, len(told)
    assert told[0]["spec"]["cluster"]["server"] == lab.cluster.url, told[0]
    assert lab.cluster.lease("exec")["spec"]["leaseTransitions"] == 0
    assert agent.stop(20) == 0


def test_the_helm_table_is_what_helm_says():
    """Catches a table that somebody wrote by hand, and a newer Helm of other habits: the program
    that made it makes it again from its own cases."""
    reason = tools_or_reason()
    if reason:
        cannot_run(reason)
    table = (ROOT / "tests" / "helm" / "table.json").read_text(encoding="utf-8")
    made = subprocess.run([tools_build.programs()["helm"]], input=table, capture_output=True,
                          text=True, check=True, timeout=120).stdout
    assert made == table, "tests/helm/table.json: make it anew (tests/helm/README.md)"
