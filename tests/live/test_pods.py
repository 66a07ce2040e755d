"""The end of a holder's container frees its Lease: on the kubelet's word at once, on nothing else.

The kubelet is played by lab/kubelet.py, on a real kube-apiserver with the Role that the chart makes.
"""

import time

import pytest

from lab.kubelet import Node, kills
from lab.processes import boottime_ns, wait_for
from lab.trio import SLOW, Trio
from test_election import wait_became_leader

SECOND = 1_000_000_000
LEASE = 15          # seconds: what a crash costs without a word
NOTICE = 1.0        # seconds from the end of a container to the kubelet's word
WATCHED = 1.2       # seconds for which a false proof is left to do harm


@pytest.fixture(scope="module")
def node(lab):
    trio = Trio(lab, "pods", lease_duration=LEASE, retry_period="1s")
    made = Node(trio)
    yield made.start()
    trio.kill()


def seen_by_followers(node, pod):
    """The followers watch this Pod's container, and the server has shown it to them."""
    def see():
        told = [agent.status()["holderContainer"] for agent in node.trio.agents
                if agent is not pod.agent and agent.answers]
        return all(one == {"id": pod.id, "seen": True} for one in told)
    wait_for(see, 10, "the followers to watch the leader's Pod")


def test_a_killed_leader_is_replaced_on_the_kubelets_word(node, reports):
    """SIGKILL, and a second later the status says so: the next one leads. Catches a proof that is
    not watched, not believed, or not followed by a PUT; each costs a lease of fifteen seconds."""
    took = []
    for _ in range(kills()):
        pod = node.named_leader()
        seen_by_followers(node, pod)
        others = [agent for agent in node.trio.agents if agent is not pod.agent]
        with node.trio.fault(f"crash {pod.agent.name}", [pod.agent]):
            pod.kill()
            killed = boottime_ns()
            node.trio.declared.crashed(pod.agent.name)
        time.sleep(NOTICE)
        told = boottime_ns()
        pod.tell_end()
        at, successor = wait_became_leader(others, killed, LEASE + 5)
        took.append(((at - killed) / SECOND, (at - told) / SECOND))
        print(f"{successor.name} led {took[-1][0]:.3f} s after the kill, {took[-1][1]:.3f} s after "
              "the word")
        assert killed < told < at, "nobody may lead before the word"
        assert successor.metrics()['leasehold_marks_total{mark="takeover-after-end"}'] >= 1
        pod.start()
    times = sorted(whole for whole, _ in took)
    line = (f"{len(took)} kills, notice after {NOTICE} s: from the kill {times[0]:.3f} to "
            f"{times[-1]:.3f} s, from the word at most {max(word for _, word in took):.3f} s\n")
    print(line)
    (reports / "ended-holder.md").write_text(line)
    assert times[-1] < NOTICE + 1, "fifteen seconds otherwise"


def test_the_event_says_why(node):
    """Catches an Event that is lost or says of such a takeover what it says of every other."""
    def messages():
        events = node.cluster.must("GET", "/api/v1/namespaces/leasehold/events")["items"]
        return [one["message"] for one in events if one["involvedObject"]["name"] == "pods"]
    wait_for(lambda: any("the container of the holder before has ended" in one
                         for one in messages()), 5, "the Event")


# Each is written into the status of a leader that runs, and is true of no container of its own.
def failed(pod):
    pod.write(phase="Failed", reason="NodeLost")


def unknown(pod):
    pod.write({"state": {"terminated": {"reason": "ContainerStatusUnknown", "exitCode": 137}},
               "containerID": pod.id, "ready": False})


def unknown_last(pod):
    pod.write({"state": {"waiting": {"reason": "ContainerCreating"}}, "ready": False, "lastState": {
        "terminated": {"reason": "ContainerStatusUnknown", "exitCode": 137}}})


def lost_shim(pod):
    pod.write({"state": {"terminated": pod.exited(pod.id, code=255)}, "containerID": pod.id,
               "ready": False})


def other_container(pod):
    pod.write(pod.running(True), side={"state": {"terminated": pod.exited("containerd://side")}})


def earlier_restart(pod):
    pod.write({**pod.running(True), "lastState": {"terminated": pod.exited("containerd://old")}})


def unready(pod):
    pod.write(pod.running(False))


@pytest.mark.parametrize("lie", [failed, unknown, unknown_last, lost_shim, other_container,
                                 earlier_restart, unready], ids=lambda lie: lie.__name__)
def test_nothing_else_is_a_proof(node, lie):
    """Catches a takeover, which would come within milliseconds: the leader lives and goes on."""
    pod = node.named_leader()
    seen_by_followers(node, pod)
    lie(pod)
    time.sleep(WATCHED)
    assert pod.agent.leads()
    assert node.cluster.holder("pods").startswith(pod.agent.name)
    pod.write(pod.running(True))


def test_a_status_that_is_one_restart_old_names_nobody(node):
    """A container that follows another in the same Pod reads the status of that one, running and
    ready for all that it says, and dead a moment later. Catches an id that is taken from it."""
    leader = node.named_leader()
    pod = next(one for one in node.pods if one is not leader)
    before = pod.id
    with node.trio.fault(f"crash {pod.agent.name}", [pod.agent]):
        pod.kill()
        node.trio.declared.crashed(pod.agent.name)
    time.sleep(1.1)  # for the second of the start to be another one
    pod.start(told=False)
    pod.agent.wait_ready()
    time.sleep(1)
    assert pod.agent.status()["container"] is None, "the status is that of the container before"
    pod.write(pod.running(True))
    wait_for(lambda: pod.agent.status()["container"] == pod.id, 10, "its own container")
    assert pod.id != before


def test_a_pod_that_is_gone_or_replaced_is_no_proof(node):
    """Force deletion, as by the garbage collector of a lost node, leaves the process running. Last,
    as the Pods' names are another's then. Catches a takeover by absence, by name, and by an end that
    is told of another Pod."""
    pod = node.named_leader()
    seen_by_followers(node, pod)
    pod.force_delete()
    time.sleep(WATCHED)
    assert pod.agent.leads()
    pod.make()
    pod.write({"state": {"terminated": pod.exited(pod.id)}, "containerID": pod.id, "ready": False})
    time.sleep(WATCHED)
    assert pod.agent.leads()
    assert node.cluster.holder("pods").startswith(pod.agent.name)


def test_recordings_hold_all_invariants(node):
    """All of the above through the checkers: no two leaders at once."""
    node.trio.stop()
    print(node.trio.verify(may_lack=SLOW))


def test_without_the_right_on_pods_it_is_waited_out_as_ever(lab):
    """403: one line of log, and an election as before. Catches an agent that hangs on it."""
    trio = Trio(lab, "pods-forbidden", lease_duration=5, retry_period="1s", size=2,
                more=["--believe-ended-holder", "--pod-uid=none"])
    try:
        trio.start()
        leader = trio.leader()
        log = leader.process.tail(100)
        assert log.count("403") == 1 and "pods" in log, log
        assert leader.status()["container"] is None
        assert leader.metrics()['leasehold_duty_failing{duty="pods"}'] == 1
    finally:
        trio.kill()
