#!/usr/bin/env python3
"""docs/operating.md has a section for each alert, and no other.

    operating.py ROOT         checks the page
    operating.py --self-test  takes a section away, and adds one

A section of an alert begins with what it means and has at least one thing to look at.
"""

import re
import sys
from pathlib import Path


def objections(rules, page, overview):
    alerts = re.findall(r"^ *- alert: (\w+)$", rules, re.M)
    sections = dict(re.findall(r"^## (Leasehold\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    found = [f"docs/operating.md has no section \"## {alert}\""
             for alert in alerts if alert not in sections]
    found += [f"docs/operating.md: nothing alerts of {name}" for name in sections
              if name not in alerts]
    found += [f"docs/operating.md: {name} says neither what it means (*...*) nor what to do"
              for name, text in sections.items()
              if not re.match(r"\s*\*[^*]+\*", text) or len(text.split()) < 40]
    found += [f"deploy/monitoring/README.md lacks {alert}" for alert in alerts
              if f"| {alert} |" not in overview]
    return found if alerts else ["deploy/monitoring/rules.yaml has no alerts"]


def self_test():
    words = "*It broke.* " + "look " * 40
    rules = "      - alert: LeaseholdA\n      - alert: LeaseholdB\n"
    page = f"# Operating\n\n## LeaseholdA\n\n{words}\n\n## LeaseholdB\n\n{words}\n"
    overview = "| LeaseholdA | x |\n| LeaseholdB | x |\n"
    cases = [((rules, page, overview), 0), ((rules, page.split("## LeaseholdB")[0], overview), 1),
             ((rules + "      - alert: LeaseholdC\n", page, overview), 2),
             ((rules, page + f"\n## LeaseholdOld\n\n{words}\n", overview), 1),
             ((rules, page.replace("*It broke.*", "It broke."), overview), 2),
             ((rules, page, overview.splitlines()[0]), 1), (("", page, overview), 1)]
    wrong = [found for given, wanted in cases
             if len(found := objections(*given)) != wanted]
    for found in wrong:
        print(found)
    print(f"{len(cases) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


def main():
    if sys.argv[1] == "--self-test":
        return self_test()
    root = Path(sys.argv[1])
    found = objections(*(Path(root, name).read_text() for name in (
        "deploy/monitoring/rules.yaml", "docs/operating.md", "deploy/monitoring/README.md")))
    print("\n".join(found) or "each alert has its section")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
