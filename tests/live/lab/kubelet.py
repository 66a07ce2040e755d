"""The part of the kubelet: Pods for agents that run as plain processes, and their status as a kubelet
and a container runtime write it (agent/lease/README.md has the sources).

What it writes of a container's life is true; the untruths that others write are methods of their own.
"""

import datetime
import os
import threading
import uuid

from . import rest
from .cluster import NAMESPACE, RBAC
from .processes import wait_for

PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
NODES = "/api/v1/nodes"
CONTAINER = "agent"
UNREACHABLE = "node.kubernetes.io/unreachable"


def seconds(at=None):
    """metav1.Time: cut to whole seconds."""
    at = at or datetime.datetime.now(datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def container_id():
    return "containerd://" + uuid.uuid4().hex * 2


def patch(cluster, path, body):
    """As kubelets and controllers do it: lists that have a key are merged by it."""
    answer = rest.request("PATCH", cluster.url + path, body,
                          {"Authorization": "Bearer admin-of-the-lab",
                           "Content-Type": "application/strategic-merge-patch+json"},
                          cluster.context)
    assert answer.status == 200, f"{path}: {answer.status} {answer.text}"


def condition(kind, status, reason=None, message=None):
    said = {"type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": seconds()}
    return {key: value for key, value in said.items() if value is not None}


class Pod:
    """One Pod whose container is an agent's process."""

    def __init__(self, cluster, agent, node):
        self.cluster = cluster
        self.agent = agent
        self.node = node
        self.path = f"{PODS}/{agent.name}"
        self.id = None      # of the container that runs, or ran last
        self.last = None    # the dead one before it, as lastState has it
        self.restarts = 0
        self._lock = threading.Lock()
        self._started = ""
        self.make()

    def make(self):
        made = self.cluster.must("POST", PODS, {
            "metadata": {"name": self.agent.name},
            "spec": {"nodeName": self.node, "containers": [
                {"name": CONTAINER, "image": "leasehold",
                 "readinessProbe": {"httpGet": {"path": "/readyz", "port": 9003}}},
                {"name": "side", "image": "side"}]}})
        self.uid = made["metadata"]["uid"]

    # ---- what a kubelet does --------------------------------------------------------------------

    def start(self, told=True):
        """Starts the agent in a new container. `told`: the status says so, and readiness follows;
        otherwise it stays what it was."""
        if self.id is not None:
            self.restarts += 1
        self.id = container_id()
        self.agent.variables = {**(self.agent.variables or {}), "POD_UID": self.uid}
        self.agent.start(wait=False)
        self._started = seconds()  # as runtimes do it: after the process was started
        if told:
            self.tell_running()

    def tell_running(self):
        self.write(self.running(ready=False))
        self.agent.wait_ready()
        self.write(self.running(ready=True))

    def kill(self):
        """SIGKILL; the end is seen by the runtime, and told to nobody yet."""
        self.agent.kill()
        self.last = self.exited(self.id)

    def tell_end(self):
        """Of the container that ended last, whether another one has been started since or not."""
        before = self.id != self.last["containerID"]
        self.write({"state": {"terminated": self.last}, "containerID": self.last["containerID"],
                    "ready": False, "restartCount": self.restarts - before})

    def replaced(self):
        """All has ended, so the object may go: the kubelet's last word on it. Whoever wanted the
        Pod makes the next one of that name."""
        self.force_delete()
        self.id, self.last, self.restarts = None, None, 0
        self.make()

    # ---- the words ------------------------------------------------------------------------------

    def get(self):
        return self.cluster.must("GET", self.path)

    def running(self, ready):
        return {"state": {"running": {"startedAt": self._started}}, "containerID": self.id,
                "ready": ready, "lastState": {"terminated": self.last} if self.last else {}}

    @staticmethod
    def exited(identity, code=137, reason="Error"):
        return {"containerID": identity, "exitCode": code, "reason": reason,
                "startedAt": seconds(), "finishedAt": seconds()}

    def write(self, entry=None, side=None, **status):
        """PATCHes the status, as the kubelet does it: the whole of `containerStatuses`."""
        common = {"image": "i", "imageID": "i", "restartCount": self.restarts}
        with self._lock:
            if entry is not None:
                self.entry = entry
            ready = "True" if self.entry.get("ready") else "False"
            patch(self.cluster, self.path + "/status", {"status": {
                "phase": "Running",
                "conditions": [condition("ContainersReady", ready), condition("Ready", ready)],
                **status, "containerStatuses": [
                    {"name": CONTAINER, **common, **self.entry},
                    {"name": "side", "ready": True, **common,
                     **(side or {"state": {"running": {"startedAt": self._started}}})}]}})

    # ---- what others do -------------------------------------------------------------------------

    def force_delete(self):
        """kubectl delete --force, and the Pod garbage collector: the object goes, nothing else."""
        self.cluster.must("DELETE", self.path, {"gracePeriodSeconds": 0})

    def add_condition(self, *words):
        """By a controller: the entries of the containers stay what they are."""
        patch(self.cluster, self.path + "/status", {"status": {"conditions": [condition(*words)]}})

    def evict(self):
        """Taint eviction (tainteviction/taint_eviction.go): the object stays, with a
        deletionTimestamp, for as long as the kubelet has not said that all has ended."""
        self.add_condition("DisruptionTarget", "True", "DeletionByTaintManager",
                           "Taint manager: deleting due to NoExecute taint")
        answer = self.cluster.must("DELETE", self.path)
        assert "deletionTimestamp" in answer["metadata"], answer


class Node:
    """The Pods of a trio, which believes what their status says, and the node of all of them; made
    before the trio is started."""

    def __init__(self, trio, annotations=None):
        self.cluster = trio.cluster
        self.trio = trio
        self.path = f"{NODES}/{trio.name}"
        self.cluster.must("POST", NODES, {"metadata": {"name": trio.name,
                                                       "annotations": annotations or {}}})
        trio.settings.more.append("--believe-ended-holder")
        self.pods = [Pod(self.cluster, agent, trio.name) for agent in trio.agents]
        self._allow(trio.lease, [agent.name for agent in trio.agents])

    def _allow(self, name, pods):
        """As the chart's Role: these Pods by name."""
        self.cluster.must("POST", RBAC + "/roles", {
            "metadata": {"name": f"{name}-pods"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "resourceNames": pods,
                       "verbs": ["get", "watch"]}]})
        self.cluster.must("POST", RBAC + "/rolebindings", {
            "metadata": {"name": f"{name}-pods"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                        "name": f"{name}-pods"},
            "subjects": [{"kind": "ServiceAccount", "name": "agent", "namespace": NAMESPACE}]})
        token = self.cluster.token("agent")
        wait_for(lambda: self.cluster.ask("GET", f"{PODS}/{pods[0]}", token=token).status == 200,
                 20, "the right on Pods")

    def start(self):
        self.back()
        threads = [threading.Thread(target=pod.start) for pod in self.pods]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self

    # ---- what becomes of the node ---------------------------------------------------------------

    def lost(self):
        """The node lifecycle controller, when it has not heard of the kubelet for long
        (nodelifecycle/node_lifecycle_controller.go `tryUpdateNodeHealth`, `doNoExecuteTaintingPass`,
        util/node/controller_utils.go `MarkPodsNotReady`): of a Pod it writes one condition."""
        self._say("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.",
                  [{"key": UNREACHABLE, "effect": effect, "timeAdded": seconds()}
                   for effect in ("NoSchedule", "NoExecute")])
        for pod in self.pods:
            pod.add_condition("Ready", "False")

    def back(self):
        """The kubelet's word, and the controller takes its taints away."""
        self._say("True", "KubeletReady", "kubelet is posting ready status", [])

    def _say(self, status, reason, message, taints):
        patch(self.cluster, self.path + "/status", {"status": {"conditions": [
            condition(kind, status if kind == "Ready" or status == "Unknown" else "False", reason,
                      message) for kind in ("Ready", "MemoryPressure", "DiskPressure",
                                            "PIDPressure")]}})
        patch(self.cluster, self.path, {"spec": {"taints": taints}})

    # ---- who leads ------------------------------------------------------------------------------

    def of(self, agent):
        return self.pods[self.trio.agents.index(agent)]

    def named_leader(self, seconds_=30):
        """The Pod of the leader, once the Lease names its container."""
        def find():
            leader = next((agent for agent in self.trio.agents if agent.leads()), None)
            if leader is None:
                return None
            lease = self.cluster.lease(self.trio.lease)
            shown = lease["metadata"].get("annotations", {})
            pod = self.of(leader)
            named = shown.get("leasehold.dev/holder-container-id") == pod.id
            return pod if named and lease["spec"]["holderIdentity"].startswith(leader.name) else None
        return wait_for(find, seconds_, "a leader whose container the Lease names", every=0.05)


def kills():
    """How often the leader is killed; LEASEHOLD_KILLS says otherwise than 2."""
    return int(os.environ.get("LEASEHOLD_KILLS", "2"))
