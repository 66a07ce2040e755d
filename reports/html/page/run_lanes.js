// The swimlanes, drawn on a canvas: what is in view and no more.

const GUTTER = 132, AXIS = 44, TALL = 50, LOW = 40;
const ARROWS_MOST = 200;  // more of them in view would be a blot

class Lanes {
    constructor(canvas, run) {
        this.canvas = canvas;
        this.run = run;
        this.from = 0;
        this.to = Math.max(run.end, 1);
        this.chosen = -1;
        this.hover = null;
        this.arrows = true;
        this.listeners = [];
        this.rows = [];
        let y = AXIS;
        for (const lane of run.lanes) {
            const height = lane >= 0 ? TALL : LOW;
            this.rows.push({ lane, y, height });
            y += height;
        }
        this.height = y + 6;
        this.faultRows = this.stack(run.data.faults);
        this.frame = 0;
        new ResizeObserver(() => this.resize()).observe(canvas);
        this.resize();
    }
    // Where labels of faults stand, so that neighbours don't cover each other.
    stack(faults) { return faults.map((_, i) => i % 2); }
    resize() {
        const scale = devicePixelRatio || 1;
        this.width = Math.max(this.canvas.clientWidth, 320);
        this.canvas.style.height = this.height + "px";
        this.canvas.width = Math.round(this.width * scale);
        this.canvas.height = Math.round(this.height * scale);
        this.draw();
    }
    row(lane) { return this.rows.find((one) => one.lane === lane); }
    x(time) { return GUTTER + (time - this.from) / (this.to - this.from) * (this.width - GUTTER - 8); }
    time(x) { return this.from + (x - GUTTER) / (this.width - GUTTER - 8) * (this.to - this.from); }
    // Where an event is seen: the tick below the lane's band.
    tick(i) {
        const row = this.row(this.run.events.lane[i]);
        return row ? { x: this.x(this.run.at(i)), y: row.y + row.height - 9 } : null;
    }
    look(from, to) {
        const least = 1000, most = Math.max(this.run.end, 1);
        const span = Math.min(Math.max(to - from, least), most);
        this.from = Math.min(Math.max(from, 0), most - span);
        this.to = this.from + span;
        this.soon();
        for (const listener of this.listeners) listener(this.from, this.to);
    }
    zoom(factor, around = (this.from + this.to) / 2) {
        this.look(around - (around - this.from) * factor, around + (this.to - around) * factor);
    }
    move(share) {
        const step = (this.to - this.from) * share;
        this.look(this.from + step, this.to + step);
    }
    show(time) {
        if (time >= this.from && time <= this.to) return this.soon();
        const half = (this.to - this.from) / 2;
        this.look(time - half, time + half);
    }
    soon() {
        if (this.frame) return;
        this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
    }

    draw() {
        const c = this.canvas.getContext("2d");
        const scale = devicePixelRatio || 1;
        c.setTransform(scale, 0, 0, scale, 0, 0);
        this.ink = {};
        for (const name of ["back", "front", "dim", "line", "raised", "follower", "gate", "asleep",
            "cut", "crashed", "fault", "chain", "bad", "accent", "bucketline"])
            this.ink[name] = colour("--" + name);
        this.laneInk = this.run.data.lanes.map((_, lane) => laneColour(lane));
        c.fillStyle = this.ink.back;
        c.fillRect(0, 0, this.width, this.height);
        c.font = "12px system-ui, sans-serif";
        c.textBaseline = "middle";
        this.drawRows(c);
        c.save();
        c.beginPath();
        c.rect(GUTTER, 0, this.width - GUTTER, this.height);
        c.clip();
        this.drawAxis(c);
        this.drawFaults(c);
        this.labels = [];
        for (const span of this.run.data.spans) this.drawSpan(c, span);
        for (const row of this.rows) this.drawTicks(c, row);
        if (this.arrows) this.drawExchanges(c);
        this.drawLabels(c);
        this.drawChain(c);
        this.drawChosen(c);
        this.drawHover(c);
        c.restore();
    }
    drawRows(c) {
        this.rows.forEach((row, i) => {
            if (i % 2 === 0) {
                c.fillStyle = this.ink.raised;
                c.fillRect(0, row.y, this.width, row.height);
            }
            c.fillStyle = row.lane >= 0 ? this.laneInk[row.lane] : this.ink.front;
            c.fillRect(0, row.y + 3, 4, row.height - 6);
            c.fillStyle = this.ink.front;
            c.font = "600 12px system-ui, sans-serif";
            c.fillText(this.run.name(row.lane), 10, row.y + row.height / 2 - (row.lane >= 0 ? 6 : 0),
                GUTTER - 16);
            c.font = "11px system-ui, sans-serif";
            c.fillStyle = this.ink.dim;
            if (row.lane >= 0) {
                const time = this.hover ?? (this.chosen >= 0 ? this.run.at(this.chosen) : null);
                const own = time === null ? null : this.run.ownClock(row.lane, time);
                if (own !== null)
                    c.fillText("own clock " + seconds(own), 10, row.y + row.height / 2 + 10, GUTTER - 14);
            }
        });
    }
    drawAxis(c) {
        const span = this.to - this.from;
        const rough = span / Math.max((this.width - GUTTER) / 110, 1);
        const power = 10 ** Math.floor(Math.log10(rough));
        const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
        const digits = Math.max(0, Math.min(9, 9 - Math.floor(Math.log10(step) + 1e-9)));
        for (let t = Math.ceil(this.from / step) * step; t <= this.to; t += step) {
            const x = this.x(t);
            c.fillStyle = this.ink.line;
            c.fillRect(x, 18, 1, this.height);
            c.fillStyle = this.ink.dim;
            const text = seconds(t, digits), width = c.measureText(text).width;
            c.fillText(text, Math.min(x + 3, this.width - width - 4), 9);
        }
    }
    drawFaults(c) {
        this.run.data.faults.forEach(([from, to, text, targets], i) => {
            const left = this.x(from), right = Math.max(this.x(to), left + 1.5);
            if (right < GUTTER || left > this.width) return;
            c.fillStyle = this.ink.fault;
            c.fillRect(left, 18, right - left, this.height);
            c.fillStyle = this.ink.cut;
            c.fillRect(left, 18, 1.5, this.height);
            const room = this.faultRoom(i);
            if (c.measureText(text).width < room * 1.2)
                c.fillText(text, Math.max(left, GUTTER) + 4, 24 + 13 * this.faultRows[i], room);
        });
    }
    faultRoom(i) {
        const faults = this.run.data.faults;
        const left = Math.max(this.x(faults[i][0]), GUTTER);
        const next = faults.find((one, k) => k > i && this.faultRows[k] === this.faultRows[i]);
        return Math.min((next ? this.x(next[0]) : this.width) - left - 8, 260);
    }
    hatch(c, left, top, width, height, ink) {
        c.save();
        c.beginPath();
        c.rect(left, top, width, height);
        c.clip();
        c.strokeStyle = ink;
        c.lineWidth = 1.5;
        c.beginPath();
        const start = Math.max(left, GUTTER), end = Math.min(left + width, this.width);
        for (let x = start - height - (start % 7); x < end; x += 7) {
            c.moveTo(x, top + height);
            c.lineTo(x + height, top);
        }
        c.stroke();
        c.restore();
    }
    // Written once the arrows are drawn, on a plate of the band's own colour.
    label(c, text, left, right, y, ink, plate) {
        const start = Math.max(left, GUTTER) + 5, room = Math.min(right, this.width) - start - 4;
        if (room < 14 || !text) return;
        const width = c.measureText(text).width;
        if (width > room * 1.5) return;
        this.labels.push({ text, start, y, room, ink, plate, width: Math.min(width, room) });
    }
    drawLabels(c) {
        for (const { text, start, y, room, ink, plate, width } of this.labels) {
            this.plate(c, start - 2, y, width + 4, plate);
            c.fillStyle = ink;
            c.fillText(text, start, y, room);
        }
    }
    plate(c, left, y, width, ink) {
        c.fillStyle = ink;
        c.fillRect(left, y - 8, width, 15);
    }
    drawSpan(c, [kind, lane, from, to, owner, text]) {
        const row = this.row(lane);
        const left = this.x(from), right = Math.max(this.x(to), left + 1);
        if (!row || right < GUTTER || left > this.width) return;
        const band = { y: row.y + 11, height: row.height - 29 };
        const wide = right - left;
        const fill = (ink, y = band.y, height = band.height) => {
            c.fillStyle = ink;
            c.fillRect(left, y, wide, height);
        };
        if (kind === "runs") fill(this.ink.follower);
        else if (kind === "leads") {
            fill(this.laneInk[lane]);
            this.label(c, "leads", left, right, band.y + band.height / 2, this.ink.back, this.laneInk[lane]);
        } else if (kind === "gate") fill(this.ink.gate, row.y + 4, 5);
        else if (kind === "asleep") {
            this.hatch(c, left, band.y - 1, wide, band.height + 2, this.ink.asleep);
            this.label(c, "paused", left, right, band.y + band.height / 2, this.ink.asleep, this.ink.back);
        } else if (kind === "cut") {
            this.hatch(c, left, band.y - 1, wide, band.height + 2, this.ink.cut);
            this.label(c, "cut off", left, right, band.y + band.height / 2, this.ink.cut, this.ink.back);
        } else if (kind === "crashed") {
            c.strokeStyle = this.ink.crashed;
            c.setLineDash([3, 3]);
            c.strokeRect(left + 0.5, band.y + 0.5, wide - 1, band.height - 1);
            c.setLineDash([]);
            this.label(c, "✕ crashed", left, right, band.y + band.height / 2, this.ink.crashed, this.ink.back);
        } else {
            const owned = owner >= 0;
            const y = row.y + 6, height = row.height - 22;
            fill(owned ? this.laneInk[owner] : this.ink.follower, y, height);
            c.fillStyle = this.ink.back;
            c.fillRect(left, y, 1, height);
            this.label(c, text, left, right, y + height / 2, owned ? this.ink.back : this.ink.front,
                owned ? this.laneInk[owner] : this.ink.follower);
        }
    }
    drawTicks(c, row) {
        const list = this.run.byLane.get(row.lane);
        const base = row.y + row.height - 4;
        let last = -9;
        for (let k = this.run.first(list, this.from); k < list.length; ++k) {
            const i = list[k], time = this.run.at(i);
            if (time > this.to) break;
            const x = this.x(time), change = this.run.events.change[i];
            if (!change && x - last < 0.7) continue;  // the pixel is dark already
            last = x;
            c.fillStyle = change ? this.ink.front : this.ink.dim;
            c.fillRect(x - 0.5, base - (change ? 12 : 7), change ? 2 : 1, change ? 12 : 7);
        }
    }
    exchangesInView() {
        const found = [];
        for (const one of this.run.data.exchanges) {
            const answered = one[6] ?? this.run.end;
            if (one[5] > this.to || answered < this.from) continue;
            found.push(one);
            if (found.length > ARROWS_MOST) return null;
        }
        return found;
    }
    drawExchanges(c) {
        const list = this.exchangesInView();
        this.drawnArrows = list ? list.length : 0;
        if (!list) return;
        for (const [replica, bucket, , , reached, sentAt, answeredAt, answered, lost] of list) {
            const top = this.row(replica), target = this.row(bucket ? BUCKET : LEASE);
            const down = { x: this.x(sentAt), y: top.y + top.height - 5 };
            const end = this.x(answeredAt ?? sentAt);
            const there = this.run.index.get(reached);
            const middle = there !== undefined ? this.x(this.run.at(there)) : (down.x + end) / 2;
            const y = target.y + 6;
            c.strokeStyle = lost ? this.ink.bad : bucket ? this.ink.bucketline : this.ink.accent;
            c.lineWidth = 1;
            c.globalAlpha = list.length > 150 ? 0.45 : 0.85;
            c.setLineDash(lost ? [4, 3] : []);
            this.arrow(c, down.x, down.y, middle, y);
            if (answered && !lost) this.arrow(c, middle, y, end, down.y);
            else if (lost) this.cross(c, end, down.y);
            c.setLineDash([]);
            c.globalAlpha = 1;
        }
    }
    arrow(c, x0, y0, x1, y1) {
        const angle = Math.atan2(y1 - y0, x1 - x0);
        c.beginPath();
        c.moveTo(x0, y0);
        c.lineTo(x1, y1);
        c.moveTo(x1 - 6 * Math.cos(angle - 0.4), y1 - 6 * Math.sin(angle - 0.4));
        c.lineTo(x1, y1);
        c.lineTo(x1 - 6 * Math.cos(angle + 0.4), y1 - 6 * Math.sin(angle + 0.4));
        c.stroke();
    }
    cross(c, x, y) {
        c.beginPath();
        c.moveTo(x - 3, y - 3);
        c.lineTo(x + 3, y + 3);
        c.moveTo(x - 3, y + 3);
        c.lineTo(x + 3, y - 3);
        c.stroke();
    }
    drawChain(c) {
        const points = this.run.chain.map((i) => this.tick(i)).filter((point) => point);
        c.strokeStyle = this.ink.chain;
        c.lineWidth = 2;
        c.beginPath();
        points.forEach((p, i) => (i ? c.lineTo(p.x, p.y) : c.moveTo(p.x, p.y)));
        c.stroke();
        c.fillStyle = this.ink.chain;
        for (const p of points) {
            c.beginPath();
            c.arc(p.x, p.y, 3, 0, 7);
            c.fill();
        }
        const wrong = this.run.index.get(this.run.wrong);
        const at = wrong !== undefined ? this.tick(wrong) : null;
        if (at) {
            c.strokeRect(at.x - 9, at.y - 9, 18, 18);
            const text = "first wrong step", width = c.measureText(text).width;
            const x = at.x + 16 + width > this.width ? at.x - 13 - width : at.x + 13;
            this.plate(c, x - 2, at.y, width + 4, this.ink.back);
            c.fillStyle = this.ink.chain;
            c.fillText(text, x, at.y);
        } else if (this.run.wrongAt !== null) {
            c.fillRect(this.x(this.run.wrongAt) - 1, AXIS, 2, this.height);
            c.fillText("first wrong instant", this.x(this.run.wrongAt) + 5, AXIS + 6);
        }
    }
    drawChosen(c) {
        if (this.chosen < 0) return;
        const at = this.tick(this.chosen) || { x: this.x(this.run.at(this.chosen)), y: 32 };
        c.strokeStyle = this.ink.front;
        c.lineWidth = 2;
        c.beginPath();
        c.arc(at.x, at.y, 7, 0, 7);
        c.stroke();
    }
    drawHover(c) {
        if (this.hover === null) return;
        const x = this.x(this.hover);
        c.fillStyle = this.ink.front;
        c.fillRect(x, 0, 1, this.height);
        c.fillText(seconds(this.hover, 6), Math.min(x + 4, this.width - 90), this.height - 6);
    }
}
