"""KWOK in place of kubelets: the Pods of a trio on a node that it plays, with its own stages.

It invents statuses, so it is no evidence of what kubelets write; it is one more program that writes
them.
"""

import os
from pathlib import Path

from .kubelet import Node, patch
from .processes import Process, wait_for

SELECTOR = {"kwok.x-k8s.io/node": "fake"}
STAGES = ("node/fast/node-initialize", "node/heartbeat/node-heartbeat",
          "node/chaos/node-not-ready", "pod/fast/pod-ready", "pod/fast/pod-complete",
          "pod/fast/pod-delete", "pod/chaos/pod-container-running-failed")


def asked_for():
    return "kwok" in os.environ.get("LEASEHOLD_KUBELETS", "").split(",")


class Kwok:
    """Plays every node that carries its annotation, and the Pods there."""

    def __init__(self, lab, folder):
        folder.mkdir(parents=True)
        stages = Path(lab.tools["kwok"]).parent / "stage"
        config = folder / "stages.yaml"
        config.write_text("\n---\n".join((stages / f"{name}.yaml").read_text()
                                         for name in STAGES))
        access = lab.cluster.kubeconfig(folder / "kubeconfig", token="admin-of-the-lab")
        [(key, value)] = SELECTOR.items()
        self.process = Process("kwok", [
            lab.tools["kwok"], f"--kubeconfig={access}", f"--config={config}",
            f"--manage-nodes-with-annotation-selector={key}={value}"], folder / "kwok.log")

    def stop(self):
        self.process.kill()


class KwokNode(Node):
    """Its kubelet is KWOK, which starts nothing: the agents are started beside it."""

    def __init__(self, trio):
        super().__init__(trio, annotations=SELECTOR)

    def start(self):
        for pod in self.pods:
            pod.start(told=False)
        for pod in self.pods:
            pod.agent.wait_ready()
            wait_for(lambda p=pod: p.get()["status"]["phase"] == "Running", 20,
                     f"{pod.agent.name} to run, as KWOK says")
        return self

    def not_ready(self):
        """The stage by which KWOK plays a node that is in trouble; the end of it."""
        self._label("node-not-ready.stage.kwok.x-k8s.io", self.path)
        wait_for(lambda: self.ready() == "False", 20, "the node to be NotReady, as KWOK says")

    def failed(self, pod):
        """The stage by which it plays a container that fails."""
        self._label("pod-container-running-failed.stage.kwok.x-k8s.io", pod.path)
        wait_for(lambda: pod.get()["status"]["phase"] == "Failed", 20,
                 f"{pod.agent.name} to have failed, as KWOK says")

    def ready(self):
        found = self.cluster.must("GET", self.path)["status"]["conditions"]
        return next((one["status"] for one in found if one["type"] == "Ready"), None)

    def _label(self, name, path):
        patch(self.cluster, path, {"metadata": {"labels": {name: "true"}}})
