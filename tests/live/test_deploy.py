"""The manifests of deploy/ against the real API server: a server-side dry run admits them, and the
Role in them is enough for an agent and no more."""

import shutil
from pathlib import Path

import pytest
import yaml

from lab.cluster import NAMESPACE

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "deploy" / "manifests"


def documents():
    return [(path, one) for path in sorted(MANIFESTS.glob("*.yaml"))
            for one in yaml.safe_load_all(path.read_text()) if one]


def test_manifests_are_admitted(lab):
    """Catches fields that don't exist, values that the server refuses, and objects that refer to
    an API that is gone. Validation is strict: an unknown field is an error."""
    found = documents()
    assert found, f"no manifests in {MANIFESTS}"
    namespaces = {one["metadata"].get("namespace") for _, one in found} - {None, NAMESPACE}
    for namespace in namespaces:
        if lab.cluster.ask("GET", f"/api/v1/namespaces/{namespace}").status == 404:
            lab.cluster.must("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    print(lab.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f",
                              str(MANIFESTS), namespace=namespaces and sorted(namespaces)[0]))


def test_the_campaigns_job_is_admitted(lab):
    """Catches an Indexed Job that the API server refuses, or whose shards are not its pods."""
    path = ROOT / "deploy" / "campaign" / "job.yaml"
    print(lab.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(path),
                              namespace=NAMESPACE))
    job = next(one for one in yaml.safe_load_all(path.read_text()) if one["kind"] == "Job")
    assert job["spec"]["completionMode"] == "Indexed"
    container = job["spec"]["template"]["spec"]["containers"][0]
    shards = {one["name"]: one["value"] for one in container["env"]}["LEASEHOLD_SHARDS"]
    assert shards == str(job["spec"]["completions"])


def test_kinds_that_a_deployment_needs_are_there():
    """Catches a manifest that was lost: each of these has a job in a group of replicas."""
    kinds = {one["kind"] for _, one in documents()}
    wanted = {"StatefulSet", "ServiceAccount", "Role", "RoleBinding", "PodDisruptionBudget",
              "FlowSchema"}
    assert wanted <= kinds, wanted - kinds


def test_the_role_allows_what_an_agent_does_and_no_more():
    """Catches rights that an agent doesn't use (delete, list, other objects)."""
    roles = [one for _, one in documents() if one["kind"] == "Role"]
    verbs = {verb for role in roles for rule in role["rules"] for verb in rule["verbs"]}
    resources = {resource for role in roles for rule in role["rules"]
                 for resource in rule["resources"]}
    assert verbs == {"get", "create", "update", "watch"}
    assert resources == {"leases", "events"}
    of_events = [rule["verbs"] for role in roles for rule in role["rules"]
                 if "events" in rule["resources"]]
    assert of_events == [["create"]]


def test_the_components_compose(lab, tmp_path):
    """Catches a component that no longer fits the manifests that it changes, alone or beside the
    other, and one whose rights are not those of the chart."""
    deploy = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", deploy)
    base = (deploy / "kustomization.yaml").read_text()
    for chosen in (["tls"], ["ended-holder"], ["tls", "ended-holder"]):
        (deploy / "kustomization.yaml").write_text(
            base + "components:\n" + "".join(f"  - {one}\n" for one in chosen))
        made = {one["kind"]: one for one in yaml.safe_load_all(
            lab.cluster.kubectl("kustomize", str(deploy)))}
        container = made["StatefulSet"]["spec"]["template"]["spec"]["containers"][0]
        ended = "ended-holder" in chosen
        assert ("--tls-key=/var/configs/http/tls.key" in container["args"]) == ("tls" in chosen)
        assert ("--believe-ended-holder" in container["args"]) == ended
        assert ("POD_UID" in {one["name"] for one in container["env"]}) == ended
        pods = [rule for rule in made["Role"]["rules"] if "pods" in rule["resources"]]
        assert pods == ([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "watch"],
                          "resourceNames": [f"leasehold-{i}" for i in range(3)]}] if ended else [])
        assert made["StatefulSet"]["spec"]["replicas"] == 3


@pytest.mark.parametrize("kind", ["StatefulSet"])
def test_pods_are_confined(kind):
    """Catches a container that runs as root, writes to its own image, or keeps capabilities."""
    for _, one in documents():
        if one["kind"] != kind:
            continue
        pod = one["spec"]["template"]["spec"]
        for container in pod["containers"]:
            context = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
            assert context["runAsNonRoot"] is True
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"]["drop"] == ["ALL"]
