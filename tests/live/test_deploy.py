"""The manifests of deploy/ against the real API server: a server-side dry run admits them, and the
Role in them is enough for an agent and no more."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from lab.cluster import NAMESPACE
from test_chart import SEED, helm, with_slip  # noqa: F401 (a fixture)

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
    for chosen in (["tls"], ["ended-holder"], ["tls", "ended-holder"], ["ended-holder", "tls"]):
        (deploy / "kustomization.yaml").write_text(
            base + "components:\n" + "".join(f"  - {one}\n" for one in chosen))
        made = {one["kind"]: one for one in yaml.safe_load_all(
            lab.cluster.kubectl("kustomize", str(deploy)))}
        container = made["StatefulSet"]["spec"]["template"]["spec"]["containers"][0]
        ended = "ended-holder" in chosen
        assert ("--tls-key=/var/configs/http/tls.key" in container["args"]) == ("tls" in chosen)
        assert ("--insecure-listen" in container["args"]) == ("tls" not in chosen)
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


NAME = "kubecost-leasehold"


def where_pods_may_be(helm, *more):  # noqa: F811
    """What the chart says of the Pods' places and of who reaches them, checked; returned for more."""
    objects = helm.objects(*SEED, *more)
    stateful = objects["StatefulSet", NAME]["spec"]
    labels = stateful["template"]["metadata"]["labels"]
    chosen = stateful["selector"]["matchLabels"]
    assert chosen and chosen.items() <= labels.items()

    budget = objects["PodDisruptionBudget", NAME]["spec"]
    assert budget["selector"]["matchLabels"] == chosen, "a budget of other Pods"
    assert budget["maxUnavailable"] == 1 and "minAvailable" not in budget

    policy = objects["NetworkPolicy", NAME]["spec"]
    assert policy["podSelector"]["matchLabels"] == chosen, "a policy of other Pods"
    assert policy["policyTypes"] == ["Ingress"]
    [rule] = policy["ingress"]
    assert rule["from"][0] == {"podSelector": {}}, "all Pods of the namespace, and no other's"
    opened = {one["name"] for container in stateful["template"]["spec"]["containers"]
              for one in container.get("ports", [])}
    assert [one["port"] for one in rule["ports"]] == ["http"] and "http" in opened

    affinity = stateful["template"]["spec"]["affinity"]
    if "podAntiAffinity" in affinity:
        [apart] = affinity["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert apart["topologyKey"] == "kubernetes.io/hostname"
        assert apart["labelSelector"]["matchLabels"] == chosen, "apart from other Pods"
    return objects, rule["from"], affinity


def test_pods_are_apart_go_one_at_a_time_and_are_reached_from_their_namespace(helm):  # noqa: F811
    """Catches a selector that names no Pod of ours, and a value that changes nothing."""
    _, sources, affinity = where_pods_may_be(helm)
    assert len(sources) == 1 and set(affinity) == {"podAntiAffinity"}
    monitoring = {"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}
    node = {"nodeAffinity": {}}
    _, sources, affinity = where_pods_may_be(
        helm, "--set-json", f"leasehold.networkPolicyFrom=[{json.dumps(monitoring)}]",
        "--set-json", f"affinity={json.dumps(node)}")
    assert sources[1:] == [monitoring] and affinity == node
    objects = helm.objects(*SEED, "--set", "networkPolicy.enabled=false",
                           "--set", "leasehold.podDisruptionBudget.enabled=false")
    assert not {"NetworkPolicy", "PodDisruptionBudget"} & {kind for kind, _ in objects}


@pytest.mark.parametrize("file, old, new", [
    ("networkpolicy.yaml", "- podSelector: {}", "- namespaceSelector: {}"),
    ("networkpolicy.yaml", "port: http", "port: metrics"),
    ("networkpolicy.yaml", 'include "leasehold.selector" .', 'include "leasehold.labels" .'),
    ("poddisruptionbudget.yaml", "maxUnavailable: 1", "minAvailable: 1"),
    ("poddisruptionbudget.yaml", 'include "leasehold.selector" .', 'include "leasehold.labels" .'),
    ("statefulset.yaml", "kubernetes.io/hostname", "topology.kubernetes.io/zone"),
    ("statefulset.yaml", 'include "leasehold.selector" . | nindent 18',
     'include "leasehold.labels" . | nindent 18'),
])
def test_a_wrong_place_is_seen(helm, tmp_path, file, old, new):  # noqa: F811
    """Catches a look at the places that sees no difference."""
    helm.chart = with_slip(tmp_path, file, old, new)
    with pytest.raises((AssertionError, KeyError)):
        where_pods_may_be(helm)
