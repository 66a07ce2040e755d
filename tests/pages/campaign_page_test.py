#!/usr/bin/env python3
"""A campaign's page in a browser: campaign_page_test.py PROGRAM [DIRECTORY for pictures]."""
import json

from browser import Browser
from page_checks import ROOT, expect, finish, leasehold, named, workshop

# client-go's electors break what ours keep.
BASE = "scenarios/client-go/leads-until-released.yaml"
SEEDS = ("--seeds", "1..60")


def campaign(directory, name, *words, code=1):
    """(page, report, results) of a campaign whose files lie in `name`."""
    html, report, out = directory / f"{name}.html", directory / f"{name}.json", directory / name
    done = leasehold("campaign", BASE, "--out", out, "--html", html, "--json", report, *words,
                     code=code)
    return html, json.loads(report.read_text()), (out / "results.ndjson").read_text(), done.stdout


def check_files(directory):
    html, report, results, said = campaign(directory, "two", *SEEDS, "--jobs", "2")
    plain = leasehold("campaign", BASE, *SEEDS, "--out", directory / "none", code=1)
    expect("the same words with and without a page",
           said.replace(str(directory / "two"), "OUT"),
           plain.stdout.replace(str(directory / "none"), "OUT"))
    expect("the same results", results, (directory / "none" / "results.ndjson").read_text())
    again, _, _, _ = campaign(directory, "one", *SEEDS, "--jobs", "1")
    expect("the same size for any number of workers",
           abs(again.stat().st_size - html.stat().st_size) < 200)
    alone = directory / "alone.html"
    leasehold("campaign", BASE, *SEEDS, "--html", alone, code=1)
    beside = directory / "alone-runs"
    expect("without --out the least scenarios lie beside their pages",
           sorted(path.suffix for path in beside.iterdir()),
           sorted([".html", ".yaml", ".json"] * len(report["groups"])))
    leasehold("campaign", *SEEDS, "--html", directory / "missing" / "x.html", code=74)
    same = leasehold("campaign", *SEEDS, "--html", alone, "--json", alone, code=64)
    expect("one place for two outputs", same.stderr, lambda found: "two outputs" in found)
    return html, report


def cells(tab, table):
    return tab.value(f"[...document.querySelectorAll('#{table} tbody tr')].map("
                     "row => [...row.cells].map(cell => cell.innerText))")


def check_page(tab, html, report, pictures):
    tab.open(html)
    expect("no error, and nothing asked of anybody", (tab.problems, tab.requests),
           ([], [html.resolve().as_uri()]))
    expect("the verdict", tab.text("#title"), f"campaign {report['outcome']}")
    failed = sum(group["count"] for group in report["groups"])
    expect("the figures", tab.text("#facts"), lambda found: f"{report['runs']} runs" in found
           and f"{report['passed']} passed" in found and f"{failed} failed" in found)
    expect("a row for each kind of failure", [row[:6] for row in cells(tab, "groups")],
           [[group["outcome"], str(group["count"]), group["signature"], str(group["firstRun"]),
             str(group["seed"]), group["genome"]] for group in report["groups"]])
    figures = cells(tab, "figures")
    expect("failovers of the runs, and client-go's", [row[0] for row in figures],
           ["all runs", "client-go 0.34.4, measured: crash, two followers"])
    expect("some were measured", int(figures[0][1]), lambda found: found > 0)
    heads = tab.value("[...document.querySelectorAll('#matrix thead th')].map(e => e.innerText)")
    expect("families of faults", set(heads), lambda found: {"crash", "outage"} <= found)
    counts = [int(cell.replace(",", "")) for row in cells(tab, "matrix") for cell in row[1:]
              if cell != "·"]
    expect("runs in the matrix", (min(counts) > 0, max(counts) <= report["runs"], len(counts) > 20),
           (True, True, True))
    expect("a mark is one word", tab.value("""Math.max(...[...document.querySelectorAll(
        '#matrix tbody th')].map((one) => one.getClientRects()[0].height))"""),
           lambda found: found < 40)
    expect("nothing to choose where one curve is all", tab.value(
        "getComputedStyle(document.getElementById('beside').parentElement.parentElement).display"),
        "none")
    named(tab)
    if pictures:
        tab.picture(pictures / "campaign.png", whole=True)
    tab.click("#groups tbody a")
    tab.until("document.body && document.body.dataset.page === 'run' && "
              "document.body.dataset.ready === 'true'")
    invariant = report["groups"][0]["invariant"]
    expect("the row leads to its least run", tab.text("#broken"),
           lambda found: invariant in found)
    expect("which can be played again", tab.text("#made"),
           lambda found: report["groups"][0]["scenario"] in found)


def check_resumed(tab, directory):
    """Of runs of an earlier process the page knows what the results hold, and says so."""
    campaign(directory, "long", "--seeds", "1..300", "--no-shrink")
    results = directory / "long" / "results.ndjson"
    lines = results.read_text().splitlines(keepends=True)
    results.write_text("".join(lines[:2]))
    html, report, _, _ = campaign(directory, "long", "--seeds", "1..300", "--no-shrink", "--resume")
    tab.open(html)
    expect("all runs", tab.text("#facts"), lambda found: f"{report['runs']} runs" in found)
    expect("what is of fewer", tab.text("#notes"),
           lambda found: f"those of the last {report['runs'] - 256} runs" in found)
    expect("no page without a least run",
           tab.value("document.querySelectorAll('#groups tbody a').length"), 0)


def check_merged(tab, directory):
    """Shards that wrote no page are united to one, with the least runs of all."""
    for index in (1, 2):
        leasehold("campaign", BASE, *SEEDS, "--shard", f"{index}/2", "--out", directory / "shards",
                  code=1)
    shards = sorted((directory / "shards").iterdir())
    html, report, merged = directory / "all.html", directory / "all.json", directory / "all"
    leasehold("merge", *shards, "--out", merged, "--html", html, "--json", report, code=1)
    report = json.loads(report.read_text())
    tab.open(html)
    expect("no error, and nothing asked of anybody", (tab.problems, tab.requests),
           ([], [html.resolve().as_uri()]))
    expect("all runs", (report["runs"], tab.text("#facts")), lambda found: found[0] == 60
           and "60 runs" in found[1])
    expect("each kind, with its least scenario", [(row[2], row[6]) for row in cells(tab, "groups")],
           [(group["signature"], group["scenario"]) for group in report["groups"]])
    expect("which lies there", [group["scenario"] for group in report["groups"]
                                if not (ROOT / group["scenario"]).is_file()], [])
    expect("nothing is drawn that isn't known", (tab.text("#notes"), tab.value(
        "[...document.querySelectorAll('#plots, #matrix-section')].every((one) => one.hidden)")),
           lambda found: "those who played these runs" in found[0] and found[1])
    expect("each row leads to a page",
           tab.value("document.querySelectorAll('#groups tbody a').length"), len(report["groups"]))
    tab.click("#groups tbody a")
    tab.until("document.body && document.body.dataset.page === 'run' && "
              "document.body.dataset.ready === 'true'")
    expect("of its least run", tab.text("#broken"),
           lambda found: report["groups"][0]["invariant"] in found)


def main():
    with workshop() as (directory, pictures):
        html, report = check_files(directory)
        with Browser() as tab:
            check_page(tab, html, report, pictures)
            check_resumed(tab, directory)
            check_merged(tab, directory)
    finish()


if __name__ == "__main__":
    main()
