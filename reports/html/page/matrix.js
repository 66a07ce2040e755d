// The coverage matrix of many runs: marks by families of faults.

function matrix({ families, rows }) {
    const most = Math.max(1, ...rows.flatMap(([, counts]) => counts));
    const cell = (count) => make("td", { class: count ? "number" : "number none",
        style: count ? `background: color-mix(in srgb, var(--accent) ${10 + Math.round(
            35 * Math.log1p(count) / Math.log1p(most))}%, transparent)` : undefined },
        count ? count.toLocaleString("en") : "·");
    byId("matrix").append(table(`${plural(rows.length, "mark")} by ${families.length} families of faults`,
        ["Mark", ...families.map((family) => "#" + family)], rows.map(([mark, counts]) => make("tr", {},
            make("th", { scope: "row", class: "mono" }, mark), ...counts.map(cell))),
    families.length > 8 ? { class: "upright" } : {}));
}
