// Mouse and keys on the swimlanes.

const NEAR = 9;  // pixels within which a click means an event

class Input {
    constructor(lanes, choose) {
        this.lanes = lanes;
        this.run = lanes.run;
        this.choose = choose;
        this.lane = 0;
        const canvas = lanes.canvas;
        canvas.addEventListener("pointerdown", (event) => this.down(event));
        canvas.addEventListener("pointermove", (event) => this.over(event));
        canvas.addEventListener("pointerup", (event) => this.up(event));
        canvas.addEventListener("pointerleave", () => { lanes.hover = null; lanes.soon(); });
        canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
        canvas.addEventListener("dblclick", (event) => lanes.zoom(0.4, lanes.time(event.offsetX)));
        canvas.addEventListener("keydown", (event) => this.key(event));
    }
    down(event) {
        this.held = { x: event.offsetX, from: this.lanes.from, to: this.lanes.to, moved: false };
        this.lanes.canvas.setPointerCapture(event.pointerId);
    }
    over(event) {
        this.lanes.hover = event.offsetX > GUTTER ? this.lanes.time(event.offsetX) : null;
        if (this.held && Math.abs(event.offsetX - this.held.x) > 4) this.held.moved = true;
        if (this.held && this.held.moved) {
            const share = (this.held.x - event.offsetX) / (this.lanes.width - GUTTER);
            const step = share * (this.held.to - this.held.from);
            this.lanes.look(this.held.from + step, this.held.to + step);
        }
        this.lanes.soon();
    }
    up(event) {
        const moved = this.held && this.held.moved;
        this.held = null;
        if (!moved) this.pick(event.offsetX, event.offsetY);
    }
    wheel(event) {
        if (event.ctrlKey || event.metaKey) {
            event.preventDefault();
            this.lanes.zoom(event.deltaY < 0 ? 0.8 : 1.25, this.lanes.time(event.offsetX));
        } else if (event.shiftKey) {
            event.preventDefault();
            this.lanes.move(Math.sign(event.deltaY || event.deltaX) * 0.1);
        }
    }
    // The nearest event of the lane below the pointer; above the lanes, of the world's.
    pick(x, y) {
        const row = this.lanes.rows.find((one) => y >= one.y && y < one.y + one.height);
        const list = this.run.byLane.get(row ? row.lane : WORLD);
        const time = this.lanes.time(x);
        const near = this.run.first(list, time);
        let best = -1, distance = NEAR;
        for (const k of [near - 1, near]) {
            if (k < 0 || k >= list.length) continue;
            const off = Math.abs(this.lanes.x(this.run.at(list[k])) - x);
            if (off < distance) { best = list[k]; distance = off; }
        }
        if (best >= 0) this.choose(best);
    }
    step(direction) {
        const lane = this.lanes.chosen >= 0 ? this.run.events.lane[this.lanes.chosen]
            : this.run.lanes[this.lane];
        const list = this.run.byLane.get(lane);
        if (!list.length) return;
        const place = list.indexOf(this.lanes.chosen);
        const next = place < 0 ? this.run.first(list, this.lanes.from)
            : Math.min(Math.max(place + direction, 0), list.length - 1);
        this.choose(list[Math.min(next, list.length - 1)]);
    }
    // To the lane above or below, at about the same time.
    change(direction) {
        const lanes = this.run.lanes, chosen = this.lanes.chosen;
        const here = chosen >= 0 ? lanes.indexOf(this.run.events.lane[chosen]) : this.lane - direction;
        const time = chosen >= 0 ? this.run.at(chosen) : this.lanes.from;
        for (let k = here + direction; k >= 0 && k < lanes.length; k += direction) {
            const list = this.run.byLane.get(lanes[k]);
            if (!list.length) continue;
            this.lane = k;
            return this.choose(list[Math.min(this.run.first(list, time), list.length - 1)]);
        }
    }
    key(event) {
        const acts = {
            ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1),
            ArrowDown: () => this.change(1), ArrowUp: () => this.change(-1),
            "+": () => this.lanes.zoom(0.5, this.centre()), "=": () => this.lanes.zoom(0.5, this.centre()),
            "-": () => this.lanes.zoom(2, this.centre()), 0: () => this.lanes.look(0, this.run.end),
            ",": () => this.lanes.move(-0.25), ".": () => this.lanes.move(0.25),
            w: () => byId("wrong").click(), Enter: () => byId("event-title").focus(),
        };
        const act = acts[event.key];
        if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        act();
    }
    centre() {
        return this.lanes.chosen >= 0 ? this.run.at(this.lanes.chosen)
            : (this.lanes.from + this.lanes.to) / 2;
    }
}
