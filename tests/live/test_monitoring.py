"""deploy/monitoring on a real Prometheus that scrapes three agents through a failover."""

import json
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from lab import rest
from lab.processes import Process, clean_environment, free_port, wait_for
from lab.trio import SLOW, Trio

MONITORING = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"


class Prometheus:
    """Scrapes each agent once a second, and evaluates the rules as often."""

    def __init__(self, folder, agents):
        folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        targets = [f"127.0.0.1:{agent.port}" for agent in agents]
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(MONITORING / "rules.yaml")],
            "scrape_configs": [{
                "job_name": "leasehold",
                "static_configs": [{"targets": targets, "labels": {"namespace": "kubecost"}}]}]}))
        self.process = Process("prometheus", [
            "prometheus", f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}",
        ], folder / "prometheus.log", clean_environment(folder))
        wait_for(lambda: rest.request("GET", self.url + "/-/ready", timeout=2).status == 200, 30,
                 "Prometheus", self.process)

    def get(self, path):
        answer = rest.request("GET", self.url + "/api/v1/" + path, timeout=10)
        assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
        return answer.json["data"]

    def query(self, expression):
        """[(labels, value)] of an instant query."""
        found = self.get(f"query?query={quote(expression, safe='')}")["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def history(self, expression, seconds):
        now = time.time()
        found = self.get(f"query_range?query={quote(expression, safe='')}&start={now - seconds}"
                         f"&end={now}&step=1")["result"]
        return [(one["metric"], [float(value) for _, value in one["values"]]) for one in found]


@pytest.fixture(scope="module")
def watched(lab):
    trio = Trio(lab, "monitoring", lease_duration=5).start()
    prometheus = Prometheus(trio.folder / "prometheus", trio.agents)
    yield trio, prometheus
    prometheus.process.kill()
    trio.kill()


def test_promtool_finds_the_rules_right():
    """Catches a rule that fires too early, too late or never: rules_test.yaml says when each does."""
    for arguments in (["check", "rules", "rules.yaml"], ["test", "rules", "rules_test.yaml"]):
        done = subprocess.run(["promtool", *arguments], cwd=MONITORING, capture_output=True,
                              text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    rules = yaml.safe_load((MONITORING / "rules.yaml").read_text())["groups"][0]["rules"]
    tested = yaml.safe_load((MONITORING / "rules_test.yaml").read_text())["tests"]
    fired = {one["alertname"] for test in tested for one in test["alert_rule_test"]
             if one.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in rules}, "an alert that no test has seen fire"


def test_a_failover_is_seen_and_alarms_nobody(watched):
    """Catches metrics by another name than the rules ask for, and alerts at each failover."""
    trio, prometheus = watched
    leader = trio.leader()
    assert leader.write("etl/a", b"one") == "Committed"
    wait_for(lambda: [value for _, value in prometheus.query("sum(leasehold_is_leader)")] == [1.0],
             20, "one leader on the graph")
    trio.kill_agent(leader)
    successor = trio.leader(other_than=leader)
    wait_for(lambda: [labels["instance"] for labels, _ in
                      prometheus.query("leasehold_is_leader == 1 and up == 1")]
             == [f"127.0.0.1:{successor.port}"], 20, "the successor on the graph")
    leaders = prometheus.history("sum(leasehold_is_leader)", 30)[0][1]
    print(f"leaders, second by second: {leaders}")
    assert 1.0 in leaders and max(leaders) <= 2.0  # the dead one's last sample stays for a while
    groups = prometheus.get("rules")["groups"]
    for rule in groups[0]["rules"]:
        assert rule["health"] == "ok", f"{rule['name']}: {rule.get('lastError')}"
        assert rule["state"] != "firing", rule
    trio.agents[trio.index(leader)].start()


def test_the_dashboards_queries_find_something(watched):
    """Catches a panel that stays empty: a metric that was renamed, a label that is not there."""
    trio, prometheus = watched
    trio.leader()
    time.sleep(5)  # rates need two samples of each agent
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    may_be_empty = {"Bucket requests by outcome", "Changes of leader"}  # until something happens
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$job", ".*").replace("$namespace", ".*") \
                .replace("$__rate_interval", "30s")
            found = prometheus.query(expression)
            assert found or panel["title"] in may_be_empty, f"{panel['title']}: {expression}"
    trio.stop()
    print(trio.verify(may_lack=SLOW))
