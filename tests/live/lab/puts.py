"""PUTs beside each other: straight to a store and through agents, in turn, each in a quiet moment."""

import hashlib
import itertools
import json
import math
import os
import statistics
import time
from base64 import b64encode
from urllib.parse import quote
from zlib import crc32

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from . import rest
from .processes import wait_for

KEY = "etl/bingen/allocations/1d/speed"
WARM_UP = 5
RETAGS = 'leasehold_file_operations_total{status="ok",verb="retag"}'


class Direct:
    """A PUT of the same bytes to the same server, on a kept connection.

    Its signature covers the body, as Signature Version 4 is written; or the headers alone, with a
    CRC-32 for the server to verify, as boto3 and the agent do it over TLS.
    """

    def __init__(self, store, signed_over_body):
        self.store = store
        self.signed_over_body = signed_over_body
        self.connection = rest.connect(store.url, rest.trusting(store.ca), timeout=30)
        self.signer = SigV4Auth(Credentials(store.access_key, store.secret_key), "s3", "us-east-1")
        self.etags = {}

    def put(self, body, key=KEY):
        path = f"/{self.store.bucket}/speed/direct-{self.signed_over_body}/{key}"
        if self.signed_over_body:
            digest = hashlib.sha256(body).hexdigest()
            headers = {"x-amz-content-sha256": digest}
        else:
            digest = "UNSIGNED-PAYLOAD"
            headers = {"x-amz-content-sha256": digest,
                       "x-amz-checksum-crc32": b64encode(crc32(body).to_bytes(4, "big")).decode()}
        headers.update({"If-Match": self.etags[key]} if key in self.etags else {})
        request = AWSRequest("PUT", self.store.url + path, headers=headers)
        self.signer.payload = lambda _: digest
        self.signer.add_auth(request)
        self.connection.request("PUT", path, body, dict(request.headers.items()))
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        self.etags[key] = answer.getheader("ETag")

    def rest(self):
        """Nothing of it goes on when it was answered."""


class ThroughAgent:
    def __init__(self, agent):
        self.agent = agent
        self.connection = rest.connect(agent.url, timeout=30)
        self.stored = agent.metrics().get(RETAGS, 0)

    def put(self, body, key=KEY):
        self.connection.request("PUT", f"/v1/backup/{quote(key)}", body)
        answer = self.connection.getresponse()
        outcome = json.loads(answer.read())["outcome"]
        assert outcome == "Committed", outcome
        self.stored += 1

    def rest(self):
        """Until the local file of each PUT is on the disk, with its last tag: what goes on after
        the answer is not to be paid for by whoever is timed next."""
        wait_for(lambda: self.agent.metrics().get(RETAGS, 0) >= self.stored, 20,
                 "the local file of a PUT", self.agent.process, every=0.002)


def timed(call, *arguments):
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def in_turn(sides, size, rounds):
    """{name of a side: seconds of each of its PUTs}; a round is one of each, in every order."""
    times = {name: [] for name in sides}
    orders = list(itertools.permutations(sides))
    for i in range(-WARM_UP, rounds):
        body = os.urandom(size)
        for name in orders[i % len(orders)]:
            took = timed(sides[name].put, body)
            for side in sides.values():
                side.rest()
            if i >= 0:
                times[name].append(took)
    return times


def in_rows(sides, size, rows, keys):
    """{name: seconds of each row}: PUTs of so many keys, one at once after the other."""
    bodies = [os.urandom(size) for _ in range(keys)]
    times = {name: [] for name in sides}

    def row(side):
        for at, body in enumerate(bodies):
            side.put(body, f"{KEY}-{at}")
    orders = list(itertools.permutations(sides))
    for i in range(-1, rows):
        for name in orders[i % len(orders)]:
            took = timed(row, sides[name])
            for side in sides.values():
                side.rest()
            if i >= 0:
                times[name].append(took)
    return times


def ratio(mine, others):
    """The median of the pairs' ratios, between the bounds of its 95 % confidence interval."""
    ratios = sorted(one / other for one, other in zip(mine, others))
    count = len(ratios)
    off = 0.98 * math.sqrt(count)  # 1.96 standard deviations of how many lie below the median
    low = ratios[max(0, math.floor(count / 2 - off))]
    high = ratios[min(count - 1, math.ceil(count / 2 + off))]
    return {"low": round(low, 3), "median": round(statistics.median(ratios), 3),
            "high": round(high, 3)}
