"""What `leasehold-agent --check-bucket` prints."""

import re


# Servers of a suite run on its machine: any difference is a fault of the row.
SAME_CLOCK = r"as the server's \(within \d+\.\ds\)"


def table(said):
    """{what was tried: what was found}; "! " before what makes the bucket useless."""
    rows = {}
    for line in said.splitlines():
        row = re.fullmatch(r"(! |  )(\S.*?)  +(\S.*)", line)
        if row:
            rows[row[1].strip() + row[2]] = row[3]
    return rows
