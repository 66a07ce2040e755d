#!/usr/bin/env python3
"""The pages of check and verify in a browser: check_page_test.py PROGRAM [DIRECTORY for pictures]."""
import base64
import gzip
import json
import re
import sys

from browser import Browser
from page_checks import ROOT, expect, finish, leasehold, named, workshop

sys.path.append(str(ROOT / "tests" / "scenarios"))
import verify_test as recordings  # noqa: E402  (makes recordings of a simulated history)

CRASH = "scenarios/failover/leader-crash.yaml"
PAUSE = "scenarios/pause/gc-pause-stale-leader.yaml"
LOST = """scenario: lost
why: What it waits for never happens.
duration: 2m
seeds: 1..2
values:
  kubecostDeployment: {replicas: 2, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
faults:
  - {at: 1m, crash: leader, for: 40s}
expect:
  reached: [stop-deadline]
"""


def check_many(tab, directory, pictures):
    lost, html, report = directory / "lost.yaml", directory / "all.html", directory / "all.json"
    lost.write_text(LOST)
    plain = leasehold("check", CRASH, PAUSE, lost, "--seed", "1..2", code=3)
    done = leasehold("check", CRASH, PAUSE, lost, "--seed", "1..2", "--html", html, "--json", report,
                     code=3)
    expect("the same words with and without pages", done.stdout, plain.stdout)
    results = json.loads(report.read_text())["scenarios"]
    tab.open(html)
    expect("no error, and nothing asked of anybody", (tab.problems, tab.requests),
           ([], [html.resolve().as_uri()]))
    expect("the verdict", tab.text("#title"), "3 scenarios inconclusive")
    expect("failures in one group", tab.text("#groups"), lambda found: found.count("2 times") == 1
           and "not met: reached stop-deadline" in found and "lost seed 1" in found)
    cells = tab.value("[...document.querySelectorAll('#scenarios tbody tr')].map("
                      "row => [...row.cells].map(cell => cell.innerText))")
    for cell, scenario in zip(cells, results, strict=True):
        expect("a row", cell[:6], [scenario["outcome"],
               f"{scenario['name']} (seed 1)", str(len(scenario["runs"])),
               *(f"{scenario['failover'][key] / 1e9:.3f}s" for key in ("p50Ns", "p99Ns", "maxNs"))])
    failovers = sorted(one for scenario in results for run in scenario["runs"]
                       for one in run["failoversNs"])
    figures = tab.value("[...document.querySelectorAll('#figures tbody tr')].map("
                        "row => [...row.cells].map(cell => cell.innerText))")
    expect("figures beside the curve", (figures[0][1], figures[0][5]),
           (str(len(failovers)), f"{failovers[-1] / 1e9:.3f}s"))
    bench = (ROOT / "bench" / "election_bench.cpp").read_text()
    measured = re.search(r"case Failure::crash:.*?followers == 2\) return \{([\d., ]+)\}", bench, re.S)
    expect("client-go's figures are those of the benchmark", figures[1],
           ["client-go 0.34.4, measured: crash, two followers", "320",
            *(one.strip() + "s" for one in measured[1].split(","))])
    tab.value("(() => { const one = document.getElementById('beside'); one.value = '1';"
              " one.dispatchEvent(new Event('input')); })()")
    expect("a scenario beside all", tab.text("#figures"), lambda found: "gc-pause-stale-leader" in found)
    # Runs in which a crash took effect and a takeover was reached.
    wanted = sum(1 for scenario in results for run in scenario["runs"]
                 if run["marks"].get("takeover-after-expiry")
                 and any(fault["what"].startswith("crash ") and fault["tookEffect"]
                         for fault in run["faults"]))
    expect("the matrix", tab.value("""(() => {
        const heads = [...document.querySelectorAll('#matrix thead th')].map(e => e.innerText);
        const row = [...document.querySelectorAll('#matrix tbody tr')].find(
            (one) => one.cells[0].innerText === 'takeover-after-expiry');
        return row.cells[heads.indexOf('crash')].innerText; })()"""), str(wanted))
    named(tab)
    if pictures:
        tab.picture(pictures / "check.png", whole=True)
    tab.click("#lost")
    expect("those that did not pass", tab.text("#found"), "1 scenario")
    tab.click("#scenarios tbody a")
    tab.until("document.body && document.body.dataset.page === 'run' && document.body.dataset.ready === 'true'")
    expect("the row leads to its run", tab.text("#title"), "lost inconclusive")
    expect("what it lacks", tab.text("#broken"), lambda found: "reached stop-deadline" in found)


def check_verified(tab, directory, pictures):
    folder = directory / "recordings"
    folder.mkdir()
    files = recordings.split(recordings.simulated(folder, CRASH, 7))
    recordings.planted_second_leader(files)
    names = recordings.write(folder, files)
    html, report = directory / "verified.html", directory / "verified.json"
    plain = leasehold("verify", *names, code=1)
    done = leasehold("verify", *names, "--html", html, "--json", report, code=1)
    expect("the same words with and without a page", done.stdout, plain.stdout)
    tab.open(html)
    expect("no error", tab.problems, [])
    expect("the verdict", tab.text("#title"), "recordings safety")
    expect("neither seed nor digest", (tab.text("#facts"), tab.value("document.title")),
           lambda found: not re.search("seed|digest", " ".join(found)))
    expect("real time", tab.text("#facts"), lambda found: "of real time" in found)
    result = json.loads(report.read_text())["scenarios"][0]["runs"][0]
    for one in result["invariants"]:
        if one["status"] == "violated":
            expect("what broke", tab.text("#broken"), lambda found, one=one: one["id"] in found)
    tab.click("#wrong")
    text = re.search(r'id="data">\n(.*?)</script>', html.read_text(), re.S)[1]
    data = json.loads(gzip.decompress(base64.b64decode(text)))
    expect("the first wrong step", tab.text("#event"),
           lambda found: f"#{data['wrong']} replica-" in found and "gateMoved" in found)
    if pictures:
        tab.value("scrollTo(0, 0)")
        tab.picture(pictures / "verified.png")


def main():
    with workshop() as (directory, pictures):
        with Browser() as tab:
            check_many(tab, directory, pictures)
            check_verified(tab, directory, pictures)
    finish()


if __name__ == "__main__":
    main()
