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
CONTAINER = "agent"


def seconds(at=None):
    """metav1.Time: cut to whole seconds."""
    at = at or datetime.datetime.now(datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def container_id():
    return "containerd://" + uuid.uuid4().hex * 2


class Pod:
    """One Pod whose container is an agent's process."""

    def __init__(self, cluster, agent):
        self.cluster = cluster
        self.agent = agent
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
            "spec": {"nodeName": "node", "containers": [
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
        self.write({"state": {"terminated": self.last}, "containerID": self.id, "ready": False})

    # ---- the words ------------------------------------------------------------------------------

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
            patch = {"phase": "Running", **status, "containerStatuses": [
                {"name": CONTAINER, **common, **self.entry},
                {"name": "side", "ready": True, **common,
                 **(side or {"state": {"running": {"startedAt": self._started}}})}]}
            answer = rest.request(
                "PATCH", self.cluster.url + self.path + "/status", {"status": patch},
                {"Authorization": "Bearer admin-of-the-lab",
                 "Content-Type": "application/merge-patch+json"}, self.cluster.context)
            assert answer.status == 200, f"{self.path}: {answer.status} {answer.text}"

    # ---- what others do -------------------------------------------------------------------------

    def force_delete(self):
        """kubectl delete --force, and the Pod garbage collector: the object goes, nothing else."""
        self.cluster.must("DELETE", self.path, {"gracePeriodSeconds": 0})


class Node:
    """The Pods of a trio, which believes what their status says; made before it is started."""

    def __init__(self, trio):
        self.cluster = trio.cluster
        self.trio = trio
        trio.settings.more.append("--believe-ended-holder")
        self.pods = [Pod(self.cluster, agent) for agent in trio.agents]
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
        threads = [threading.Thread(target=pod.start) for pod in self.pods]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self

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
