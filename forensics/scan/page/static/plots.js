"use strict";
// Small line plots of the details.
{
  const page = globalThis.forensicsPage;
  const { el } = page;
  const SPACE = "http://www.w3.org/2000/svg";
  const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [460, 180, 48, 32, 8, 10];

  const svg = (tag, attributes, ...children) => {
    const made = document.createElementNS(SPACE, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    made.append(...children);
    return made;
  };

  const spread = (values) => {
    let low = Infinity,
      high = -Infinity;
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return high > low ? [low, high] : [low - 0.5, high + 0.5];
  };

  const short = (value) => Number(value.toPrecision(3)).toString();

  const points = (line) => line.x.map((x, i) => [x, line.y[i]]).filter((xy) => xy.every(Number.isFinite));

  const axes = (xs, ys, plot) => {
    const bottom = HEIGHT - BOTTOM;
    const text = (x, y, anchor, words) => svg("text", { x, y, "text-anchor": anchor }, words);
    return [
      svg("path", { class: "grid", d: `M${LEFT} ${TOP}V${bottom}H${WIDTH - RIGHT}`, fill: "none" }),
      text(LEFT - 5, TOP + 8, "end", short(ys[1])),
      text(LEFT - 5, bottom, "end", short(ys[0])),
      text(LEFT, bottom + 14, "start", short(xs[0])),
      text(WIDTH - RIGHT, bottom + 14, "end", short(xs[1])),
      text((LEFT + WIDTH) / 2, HEIGHT - 4, "middle", plot.x),
      svg("text", { transform: `translate(12 ${bottom / 2}) rotate(-90)`, "text-anchor": "middle" }, plot.y),
    ];
  };

  page.plot = (plot) => {
    const lines = plot.series.map(points).filter((line) => line.length);
    if (!lines.length) return null;
    const xs = spread(lines.flat().map(([x]) => x));
    const ys = spread(lines.flat().map(([, y]) => y));
    const across = (x) => LEFT + ((x - xs[0]) / (xs[1] - xs[0])) * (WIDTH - LEFT - RIGHT);
    const down = (y) => HEIGHT - BOTTOM - ((y - ys[0]) / (ys[1] - ys[0])) * (HEIGHT - BOTTOM - TOP);
    const drawn = lines.map((line, number) =>
      svg("polyline", {
        class: `line-${number % 4}`,
        fill: "none",
        points: line.map(([x, y]) => `${across(x).toFixed(1)},${down(y).toFixed(1)}`).join(" "),
      }),
    );
    const names = plot.series.map((series) => series.name).filter(Boolean);
    return el(
      "figure",
      { class: "plot" },
      svg(
        "svg",
        { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": plot.title },
        ...axes(xs, ys, plot),
        ...drawn,
      ),
      el("figcaption", {}, plot.title, names.length > 1 ? ` (${names.join(", ")})` : ""),
    );
  };
}
