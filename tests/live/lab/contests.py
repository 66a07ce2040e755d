"""A leader behind a proxy of its own, which a schedule strikes, and its followers: ours or others'."""

import random
import time

from .electors import CLIENT_GO, Elector
from .processes import boottime_ns, wait_for
from .proxies import FaultProxy
from .trio import SLOW, Trio, overlaps

LEASE = 15


class Contest:
    """`first`, which the schedule strikes, behind a proxy of its own; and its followers."""

    renews_every = 2  # seconds

    def __init__(self, lab, name, followers):
        self.lab = lab
        self.lease = name
        self.followers = followers
        self.proxy = FaultProxy(lab.cluster.url, lab.cluster.ca,
                                lab.authority.server(f"proxy-{name}"))
        self.all = []

    def start(self):
        self.launch(0, self.proxy.url)
        wait_for(lambda: self.leading(self.first), 60, f"{self.first.name} to lead")
        for i in range(self.followers):
            self.launch(i + 1, self.lab.cluster.url)
            time.sleep(random.uniform(0, 0.7))
        for one in self.all[1:]:
            self.wait_contending(one)
        # In step with nothing: the fault falls anywhere within a period of renewal.
        time.sleep(4 + random.uniform(0, self.renews_every))
        return self

    @property
    def first(self):
        return self.all[0]

    def wait_other_leads(self, seconds=45):
        return wait_for(lambda: next((one for one in self.all[1:] if self.leading(one)), None),
                        seconds, f"another one than {self.first.name} to lead", every=0.02)

    def two_leaders(self, since=0):
        """Milliseconds from `since` on in which two of them were leaders, over all pairs."""
        return overlaps({name: [(max(begin, since), end) for begin, end in spans]
                         for name, spans in self.spans().items()}) / 1e6

    def kill_first(self):
        self.first.kill()

    def wait_contending(self, one):
        pass

    def judge(self, say):
        pass


class Theirs(Contest):
    """Electors of a library. `flags` are those of its program."""

    def __init__(self, lab, name, library=CLIENT_GO, followers=1, **flags):
        super().__init__(lab, name, followers)
        self.library = library
        self.renews_every = library.renews_every
        self.flags = flags

    def start(self):
        if self.library.wants_a_lease:
            self.lab.cluster.make_lease(self.lease)
        return super().start()

    def launch(self, i, url):
        self.all.append(Elector(self.lab, self.lease, f"{self.lease}-{i}", url=url,
                                library=self.library, again=i > 0, **self.flags))

    def wait_contending(self, one):
        one.wait_contending()

    def leading(self, one):
        return one.leading()

    def spans(self):
        return {one.name: one.beliefs() for one in self.all}

    def stop(self):
        for one in self.all:
            one.process.resume()
            one.kill()
        self.proxy.stop()


class Ours(Contest):
    def __init__(self, lab, name, followers=1):
        super().__init__(lab, name, followers)
        self.trio = Trio(lab, name, size=1 + followers, first_api=self.proxy.url,
                         lease_duration=LEASE, retry_period="2s")

    def launch(self, i, _url):
        self.all.append(self.trio.agents[i].start())

    def leading(self, one):
        return one.leads()

    def spans(self):
        return {one.name: one.gates() for one in self.all}

    def kill_first(self):
        super().kill_first()
        self.trio.declared.crashed(self.first.name)

    def judge(self, say):
        self.trio.stop()
        say(self.trio.verify(may_lack=SLOW))

    def stop(self):
        self.trio.kill()
        self.proxy.stop()


def seconds_since(begin):
    """From `begin`, of CLOCK_BOOTTIME in nanoseconds, to now."""
    return (boottime_ns() - begin) / 1e9
