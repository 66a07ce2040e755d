"""deploy/chart by Helm 3 and Helm 4 against the real API server: what it accepts, what it refuses in
whose words, what it installs, and that the Role allows what an agent asks and nothing beside it."""

import copy
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from lab import rest
from lab.processes import Process, clean_environment, free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "chart"
SEED = ["--set", "kubecostDeployment.leaderFollower.enabled=true",
        "--set", "kubecostDeployment.replicas=5",
        "--set", "kubecostModel.etlBucketConfigSecret=kubecost-bucket-secret"]
HELMS = ["helm3", "helm4"]


class Helm:
    def __init__(self, lab, name):
        self.name = name
        self.program = lab.tools[name]
        self.chart = CHART
        self.folder = lab.folder / name
        self.folder.mkdir(exist_ok=True)

    def run(self, *arguments):
        return subprocess.run([str(self.program), *map(str, arguments)], capture_output=True,
                              text=True, check=False, timeout=120,
                              env=clean_environment(self.folder))

    def must(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, f"helm {' '.join(map(str, arguments))}: {done.stderr}"
        return done.stdout

    def objects(self, *arguments, namespace="kubecost"):
        """{(kind, name): object} of the rendered chart."""
        text = self.must("template", "kubecost", self.chart, f"--namespace={namespace}", *arguments)
        found = [one for one in yaml.safe_load_all(text) if one]
        return {(one["kind"], one["metadata"]["name"]): one for one in found}


@pytest.fixture(params=HELMS)
def helm(lab, request):
    return Helm(lab, request.param)


def test_lint_is_clean(helm):
    """Catches templates and values that Helm itself calls wrong."""
    print(helm.must("lint", "--strict", CHART, *SEED))


@pytest.mark.parametrize("more, words", [
    (["--set", "kubecostModel.etlFileStoreEnabled=false"],
     "Leader/Follower requires kubecostModel.etlFileStoreEnabled be true."),
    (["--set", "kubecostModel.etlBucketConfigSecret=null"],
     "Leader/Follower requires kubecostModel.etlBucketConfigSecret be valid."),
    (["--set", "kubecostModel.etlBucketConfigSecret="],
     "Leader/Follower requires kubecostModel.etlBucketConfigSecret be valid."),
    (["--set", "kubecostDeployment.replicas=1"],
     "Leader/Follower should be used with kubecostDeployment.replicas > 1"),
    (["--set", "kubecostDeployment.leaderFollower.enabled=false"],
     "5 writers would share a bucket"),
    (["--set", "kubecostModel.etlReadOnlyMode=true"], "no read-only mode"),
    (["--set", "kubecostDeployment.replicas=five"], "replicas"),
    (["--set", "kubecostDeployment.replicas=65"], "replicas"),
    (["--set", "kubecostDeployment.leaderFollower.enabled=perhaps"], "enabled"),
    (["--set", "leasehold.imagge.tag=1"], "imagge"),
    (["--set", "leasehold.extraArgs={--stop-deadline=90s}"], "leasehold.stopDeadline"),
    (["--set", "leasehold.stopDeadline=soon"], "stopDeadline"),
])
def test_what_can_not_work_is_refused_in_the_charts_own_words(helm, more, words):
    """Catches a condition that is lost, or that an empty secret passes as in the chart of old."""
    refused(helm, more, words)


def refused(helm, more, words):
    done = helm.run("template", "kubecost", helm.chart, *SEED, *more)
    assert done.returncode != 0, "it was rendered"
    assert words in done.stderr, done.stderr


def test_a_pod_is_killed_only_after_its_agent_had_the_time_to_stop(helm):
    """Catches a stop deadline beyond the Pod's own: the Lease would stay held."""
    for more, seconds in (([], 25), (["--set", "leasehold.stopDeadline=90"], 90)):
        objects = helm.objects(*SEED, *more)
        pod = objects["StatefulSet", "kubecost-leasehold"]["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] == seconds + 15
        flags = [one for one in pod["containers"][0]["args"] if "stop-deadline" in one]
        assert flags == ([] if seconds == 25 else ["--stop-deadline=90s"])


def test_one_replica_alone_needs_no_lease_and_no_rights(helm):
    """Catches rights and a token that nothing asks for."""
    objects = helm.objects("--set", "kubecostModel.etlBucketConfigSecret=s")
    kinds = sorted(kind for kind, _ in objects)
    assert kinds == ["NetworkPolicy", "Service", "Service", "ServiceAccount", "StatefulSet"]
    pod = objects["StatefulSet", "kubecost-leasehold"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert "LEADER_FOLLOWER_ENABLED" not in {one["name"] for one in pod["containers"][0]["env"]}


def test_the_file_store_is_off_where_the_values_say_so(helm):
    """Catches a value that the chart takes and nobody is told of."""
    for said, wanted in (("true", {"ETL_PATH_PREFIX": "/var/db"}),
                         ("false", {"ETL_FILE_STORE_ENABLED": "false", "TMPDIR": "/var/db"})):
        objects = helm.objects("--set", "kubecostModel.etlBucketConfigSecret=s",
                               "--set", f"kubecostModel.etlFileStoreEnabled={said}")
        pod = objects["StatefulSet", "kubecost-leasehold"]["spec"]["template"]["spec"]
        told = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
        names = ("ETL_PATH_PREFIX", "ETL_FILE_STORE_ENABLED", "TMPDIR")
        assert {name: told[name] for name in names if name in told} == wanted


def test_a_values_file_of_the_cost_analyzer_chart_is_taken_as_it_is(helm, tmp_path):
    """Catches a schema that refuses a neighbour's keys, and keys of theirs that do nothing here."""
    values = tmp_path / "values.yaml"
    values.write_text("""
global: {prometheus: {enabled: false}}
kubecostToken: none
kubecostDeployment: {replicas: 3, leaderFollower: {enabled: true}, statefulSet: {enabled: true}}
kubecostModel: {etl: true, etlFileStoreEnabled: true, etlBucketConfigSecret: s, warmCache: false}
persistentVolume: {enabled: true, size: 10Gi, dbPVEnabled: true, dbSize: 64Gi, dbStorageClass: fast}
serviceAccount: {create: true, annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/r"}}
service: {type: ClusterIP, port: 9004, sessionAffinity: {enabled: true, timeoutSeconds: 60}}
nodeSelector: {disk: ssd}
tolerations: [{key: only, operator: Exists}]
priority: {enabled: true, name: high}
""")
    objects = helm.objects("-f", str(values))
    stateful = objects["StatefulSet", "kubecost-leasehold"]["spec"]
    claim = stateful["volumeClaimTemplates"][0]["spec"]
    assert claim["resources"]["requests"]["storage"] == "64Gi"
    assert claim["storageClassName"] == "fast"
    pod = stateful["template"]["spec"]
    assert pod["nodeSelector"] == {"disk": "ssd"} and pod["tolerations"][0]["key"] == "only"
    assert pod["priorityClassName"] == "high"
    account = objects["ServiceAccount", "kubecost-leasehold"]["metadata"]
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r"}
    service = objects["Service", "kubecost-leasehold"]["spec"]
    assert service["ports"][0]["port"] == 9004
    assert service["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 60}}


def test_rights_on_pods_come_with_the_belief_in_them_alone(helm):
    """Catches a Role that is wider than what is asked for, and a Pod that does not know itself."""
    def rules_and_container(*more):
        objects = helm.objects(*SEED, *more)
        pod = objects["StatefulSet", "kubecost-leasehold"]["spec"]["template"]["spec"]
        return objects["Role", "kubecost-leasehold"]["rules"], pod["containers"][0]

    def on_pods(rules):
        return [rule for rule in rules if "pods" in rule["resources"]]
    rules, container = rules_and_container()
    assert on_pods(rules) == []
    assert not {"POD_UID", "POD_NAMESPACE"} & {one["name"] for one in container["env"]}
    rules, container = rules_and_container("--set", "leasehold.believeEndedHolder=true")
    assert on_pods(rules) == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "watch"],
                               "resourceNames": [f"kubecost-leasehold-{i}" for i in range(5)]}]
    assert "--believe-ended-holder" in container["args"]
    assert {"POD_UID", "POD_NAMESPACE"} <= {one["name"] for one in container["env"]}
    assert container["name"] == "agent", "the agent's default for --container-name"


def test_the_manifests_are_what_the_chart_says(helm):
    """Catches two sources that drift apart; both Helms render the same."""
    done = subprocess.run([str(ROOT / "deploy" / "render"), "--check"], capture_output=True,
                          text=True, check=False,
                          env={**clean_environment(helm.folder), "HELM": str(helm.program)})
    assert done.returncode == 0, done.stderr


def test_the_command_of_the_documentation_installs(helm, lab):
    """Catches what only a server refuses: an unknown field, a bad value, a lost API."""
    namespace = f"kubecost-{helm.folder.name}"
    config = lab.cluster.kubeconfig(helm.folder / "kubeconfig", token="admin-of-the-lab")
    where = [f"--kubeconfig={config}", f"--namespace={namespace}"]
    print(helm.must("install", "kubecost", CHART, *where, "--create-namespace", *SEED,
                    "--set", "leasehold.flowSchema.enabled=true",
                    "--set", "leasehold.extraArgs={--profile=fast}"))
    made = json.loads(lab.cluster.kubectl("get", "statefulset", "kubecost-leasehold", "-o", "json",
                                          namespace=namespace))
    assert made["spec"]["replicas"] == 5
    print(helm.must("upgrade", "kubecost", CHART, *where, *SEED,
                    "--set", "kubecostDeployment.replicas=3"))
    rights_of_the_role(lab.cluster, namespace)
    helm.must("upgrade", "kubecost", CHART, *where, *SEED, "--set",
              "leasehold.believeEndedHolder=true")
    rights_on_pods(lab.cluster, namespace)
    helm.must("rollback", "kubecost", "2", *where)
    if helm.name == HELMS[-1]:  # it waits for a lease's duration, and both have made the same
        an_agent_runs_as_its_pod_would(lab, helm.folder / "pod", namespace, made)
    helm.must("uninstall", "kubecost", *where)


# What a slip of the hand could do to the chart: file, text, what stands in its place.
REFUSALS = [
    ("_helpers.tpl", "if not $model.etlFileStoreEnabled", "if false",
     ["--set", "kubecostModel.etlFileStoreEnabled=false"], "etlFileStoreEnabled be true"),
    ("_helpers.tpl", "{{- if not $model.etlBucketConfigSecret -}}\n{{- fail \"Leader",
     "{{- if eq nil $model.etlBucketConfigSecret -}}\n{{- fail \"Leader",
     ["--set", "kubecostModel.etlBucketConfigSecret="], "etlBucketConfigSecret be valid"),
    ("_helpers.tpl", "if le (int $deployment.replicas) 1", "if le (int $deployment.replicas) 0",
     ["--set", "kubecostDeployment.replicas=1"], "replicas > 1"),
    ("_helpers.tpl", "if gt (int $deployment.replicas) 1", "if gt (int $deployment.replicas) 9",
     ["--set", "kubecostDeployment.leaderFollower.enabled=false"], "5 writers would share a bucket"),
]


def with_slip(folder, file, old, new):
    """A copy of the chart with one text replaced."""
    chart = folder / "chart"
    shutil.copytree(CHART, chart)
    place = chart / "templates" / file
    text = place.read_text()
    assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
    place.write_text(text.replace(old, new))
    return chart


@pytest.mark.parametrize("file, old, new, more, words", REFUSALS)
def test_a_condition_that_is_lost_is_seen(helm, tmp_path, file, old, new, more, words):
    """Catches a test above that finds its words wherever they come from."""
    refused(helm, more, words)
    helm.chart = with_slip(tmp_path, file, old, new)
    with pytest.raises(AssertionError, match="it was rendered"):
        refused(helm, more, words)


@pytest.mark.parametrize("old, new", [
    ('verbs: ["get", "update", "watch"]', 'verbs: ["get", "update", "watch", "delete"]'),
    ('verbs: ["get", "update", "watch"]', 'verbs: ["get", "watch"]'),
    ('    resourceNames: [{{ printf "%s-etl-leader" .Release.Name | quote }}]\n', ""),
    ('resources: ["events"]\n    verbs: ["create"]', 'resources: ["events"]\n    verbs: ["create", "patch"]'),
], ids=["delete", "no-update", "any-name", "patch-events"])
def test_rights_too_many_or_too_few_are_seen(helm, lab, tmp_path, request, old, new):
    """Catches a look at the Role that sees no difference."""
    helm.chart = with_slip(tmp_path, "role.yaml", old, new)
    namespace = f"slip-{helm.name}-{request.node.callspec.id.split('-', 1)[-1]}"
    lab.cluster.must("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    objects = helm.objects(*SEED, namespace=namespace)
    for kind in ("ServiceAccount", "Role", "RoleBinding"):
        one = objects[kind, "kubecost-leasehold"]
        group = "/api/v1" if kind == "ServiceAccount" else "/apis/rbac.authorization.k8s.io/v1"
        lab.cluster.must("POST", f"{group}/namespaces/{namespace}/{kind.lower()}s", one)
    allowed = may(lab.cluster, namespace)
    wait_for(lambda: allowed("get"), 20, "the authorizer to see the Role")
    with pytest.raises(AssertionError):
        rights_of_the_role(lab.cluster, namespace)


def may(cluster, namespace):
    """allowed(verb, ...): whether the account of the chart may do it, by the server's authorizer."""
    def allowed(verb, resource="leases", name="kubecost-etl-leader", space=namespace,
                group="coordination.k8s.io"):
        review = cluster.must("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": f"system:serviceaccount:{namespace}:kubecost-leasehold",
                     "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"],
                     "resourceAttributes": {"namespace": space, "verb": verb, "group": group,
                                            "resource": resource, "name": name}}})
        return review["status"]["allowed"]
    return allowed


def rights_on_pods(cluster, namespace):
    """With believeEndedHolder: the replicas' Pods by name, to be read alone."""
    allowed = may(cluster, namespace)

    def pods(verb, name):
        return allowed(verb, resource="pods", group="", name=name)
    wait_for(lambda: pods("get", "kubecost-leasehold-4"), 20, "the authorizer to see the Role")
    assert pods("watch", "kubecost-leasehold-0")
    assert not any(pods(verb, "kubecost-leasehold-5") for verb in ("get", "watch"))
    assert not any(pods(verb, "") for verb in ("get", "list", "watch", "create"))
    assert not any(pods(verb, "kubecost-leasehold-0") for verb in ("update", "patch", "delete"))


def rights_of_the_role(cluster, namespace):
    """Each verb that the agent uses, and none of its neighbours, by the server's own authorizer."""
    allowed = may(cluster, namespace)
    wait_for(lambda: allowed("get"), 20, "the authorizer to see the Role")
    assert all(allowed(verb) for verb in ("get", "update", "watch"))
    assert allowed("create", name="")
    assert not any(allowed(verb) for verb in ("delete", "list", "patch", "deletecollection"))
    assert allowed("create", resource="events", group="", name="")
    assert not any(allowed(verb, resource="events", group="")
                   for verb in ("get", "list", "watch", "update", "patch", "delete"))
    assert not any(allowed(verb, name="other") for verb in ("get", "update", "watch"))
    assert not any(allowed("get", space=space) for space in ("default", "kube-system"))
    assert not any(allowed("get", resource=what, group="") for what in ("secrets", "pods"))


def an_agent_runs_as_its_pod_would(lab, folder, namespace, stateful):
    """With the container's arguments and environment and the rights of its account: it leads, and
    gives the Lease back. The kubelet's part is ours: fields, mounts, the service account's token."""
    folder.mkdir()
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/kubecost-leasehold/token"
    token = folder / "token"
    token.write_text(lab.cluster.must("POST", account, {"spec": {}})["status"]["token"])
    lab.stores["minio"].secret(folder / "object-store.yaml", prefix=namespace)
    port = free_port()
    mounts = {"/var/configs/etl": str(folder), "/var/db": str(folder / "db"),
              "0.0.0.0:9003": f"127.0.0.1:{port}"}

    def here(text):
        for place, ours in mounts.items():
            text = text.replace(place, ours)
        return text
    container = stateful["spec"]["template"]["spec"]["containers"][0]
    fields = {"metadata.name": "kubecost-leasehold-0", "metadata.namespace": namespace}
    variables = {one["name"]: here(one["value"]) if "value" in one
                 else fields[one["valueFrom"]["fieldRef"]["fieldPath"]] for one in container["env"]}
    log = folder / "agent.log"
    agent = Process("agent", [
        lab.agent_program, *map(here, container["args"]), f"--api-server={lab.cluster.url}",
        f"--api-ca-file={lab.cluster.ca}", f"--api-token-file={token}",
    ], log, clean_environment(folder, variables))
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/kubecost-etl-leader"

    def holder():
        answer = lab.cluster.ask("GET", lease)
        return answer.json["spec"].get("holderIdentity") if answer.status == 200 else None
    try:
        wait_for(lambda: "\nleasehold_is_leader 1\n" in rest.request(
            "GET", f"http://127.0.0.1:{port}/metrics", timeout=2).text, 60, "a leader", agent)
        assert holder().startswith("kubecost-leasehold-0_")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            path = container[probe]["httpGet"]["path"]
            wait_for(lambda p=path: rest.request("GET", f"http://127.0.0.1:{port}{p}", timeout=2)
                     .status == 200, 20, path, agent)
        assert agent.stop(40) == 0, agent.tail()
    finally:
        agent.kill()
    assert holder() == "", "the Lease was not given back"
    events_tell_who_led(lab.cluster, namespace)
    assert "403" not in log.read_text(), log.read_text()


def events_tell_who_led(cluster, namespace):
    """As kubectl shows them: it asks for the Events of this Lease's uid."""
    described = cluster.kubectl("describe", "lease", "kubecost-etl-leader", namespace=namespace)
    print(described)
    lines = [line.split() for line in described.splitlines() if "LeaderElection" in line]
    assert [(line[0], line[1], line[3], *line[-2:]) for line in lines] == [
        ("Normal", "LeaderElection", "leasehold-agent", "became", "leader"),
        ("Normal", "LeaderElection", "leasehold-agent", "stopped", "leading")], described
    assert all(line[4].startswith("kubecost-leasehold-0_") for line in lines), described


def test_the_pod_passes_the_restricted_profile(helm, lab):
    """Catches a pod that a hardened namespace refuses, and a check that refuses nothing."""
    namespace = f"restricted-{helm.folder.name}"
    lab.cluster.must("POST", "/api/v1/namespaces", {"metadata": {
        "name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    stateful = helm.objects(*SEED, namespace=namespace)["StatefulSet", "kubecost-leasehold"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"},
           "spec": copy.deepcopy(stateful["spec"]["template"]["spec"])}
    pod["spec"]["volumes"].append({"name": "etl", "emptyDir": {}})  # its claim is a template's
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    answer = lab.cluster.ask("POST", path, pod)
    assert answer.status == 201, answer.text
    del pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"]
    refused = lab.cluster.ask("POST", path, pod)
    assert refused.status == 403 and "allowPrivilegeEscalation" in refused.text, refused.text



def test_tls_without_helm_is_tls_by_the_chart(helm):
    """Catches a component of kustomize that trails behind the chart."""
    done = subprocess.run(["kubectl", "kustomize", str(with_tls(helm.folder))], capture_output=True, text=True, check=False,
                          timeout=60, env=clean_environment(helm.folder))
    assert done.returncode == 0, done.stderr
    patched = next(one for one in yaml.safe_load_all(done.stdout) if one["kind"] == "StatefulSet")
    charted = helm.objects(*SEED, "--set", "kubecostDeployment.replicas=3",
                           "--set", "fullnameOverride=leasehold",
                           "--set", "leasehold.tls.secret=leasehold-http")["StatefulSet", "leasehold"]
    for one in (patched, charted):
        one["metadata"]["labels"].pop("app.kubernetes.io/managed-by", None)
        pod = one["spec"]["template"]
        pod["metadata"]["labels"].pop("app.kubernetes.io/managed-by", None)
        # Nobody reads it where nothing is scraped, and a patch would have to say null.
        pod["metadata"]["annotations"].pop("prometheus.io/port", None)
        for lists in (pod["spec"]["volumes"], pod["spec"]["containers"][0]["volumeMounts"]):
            lists.sort(key=lambda entry: entry["name"])
    assert patched == charted


def with_tls(folder):
    """The tree's kustomization as README tells to change it, in a folder of its own."""
    copied = folder / "deploy"
    shutil.copytree(ROOT / "deploy", copied, ignore=shutil.ignore_patterns("chart", "monitoring"))
    place = copied / "kustomization.yaml"
    place.write_text(place.read_text() + "components:\n  - tls\n")
    return copied
