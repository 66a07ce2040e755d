// The run as the page asks for it: events by number, lane and time; causes and consequences.

const LEASE = -1, BUCKET = -2, WORLD = -3;

class Run {
    constructor(data) {
        this.data = data;
        this.events = data.events;
        this.count = data.events.number.length;
        this.end = data.end;
        this.lanes = [...data.lanes.keys(), LEASE, BUCKET];
        this.index = new Map(data.events.number.map((number, i) => [number, i]));
        this.byLane = new Map(this.lanes.concat(WORLD).map((lane) => [lane, []]));
        for (let i = 0; i < this.count; ++i) this.byLane.get(this.events.lane[i]).push(i);
        this.results = new Map();
        for (let i = 0; i < this.count; ++i) {
            const cause = this.events.cause[i];
            if (!cause) continue;
            if (!this.results.has(cause)) this.results.set(cause, []);
            this.results.get(cause).push(i);
        }
        const result = data.result;
        this.broken = result.invariants.filter((one) => one.status === "violated");
        this.broken.sort((a, b) => a.atNs - b.atNs);
        this.wrong = data.wrong;
        this.wrongAt = this.broken.length ? this.broken[0].atNs : null;
        // Of a time without details the words of the terminal are left.
        this.chain = data.chain.map((number) => this.index.get(number));
        this.chainWords = this.chain.length ? [] : result.chain;
    }
    name(lane) {
        if (lane === LEASE) return "Lease";
        if (lane === BUCKET) return "Bucket";
        return lane === WORLD ? "the world" : this.data.lanes[lane].name;
    }
    at(i) { return this.events.at[i]; }
    // The first event of `list` (indices) that is not before `time`.
    first(list, time) {
        let low = 0, high = list.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.at(list[middle]) < time) low = middle + 1;
            else high = middle;
        }
        return low;
    }
    // The step before this one of the same replica, and what its event came from.
    causes(i) {
        const found = [];
        const cause = this.index.get(this.events.cause[i]);
        if (cause !== undefined) found.push(cause);
        if (this.events.lane[i] >= 0) {
            const list = this.byLane.get(this.events.lane[i]);
            const place = this.first(list, this.at(i));
            const here = list.indexOf(i, place);
            if (here > 0 && list[here - 1] !== cause) found.push(list[here - 1]);
        }
        return found;
    }
    consequences(i) { return this.results.get(this.events.number[i]) || []; }
    // What the replica's own monotonic clock reads at a true time; null before its start.
    ownClock(lane, time) {
        let piece = null;
        for (const one of this.data.lanes[lane].clocks) if (one[0] <= time) piece = one;
        if (piece === null) return null;
        return piece[1] + Math.floor((time - piece[0]) * (1 + piece[2] / 1e9));
    }
}
