"use strict";
// The evidence table of the panel, and how opinions add up.
{
  const page = globalThis.forensicsPage;
  const { el } = page;
  const MARKS = { signal: "●", clear: "○", not_applicable: "–", error: "!" };

  /** A part of the panel, null where it would be empty. */
  page.section = (title, ...children) => {
    const kept = children.flat().filter(Boolean);
    return kept.length ? el("section", {}, el("h3", {}, title), ...kept) : null;
  };

  /** Labels with values; those without a value are left out. */
  page.facts = (pairs) => {
    const kept = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
    return kept.length
      ? el(
          "dl",
          { class: "facts" },
          ...kept.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value))),
        )
      : null;
  };

  page.code = (text) => (text ? el("code", {}, text) : "");

  const { code, facts, section } = page;

  const mark = (status) =>
    el(
      "span",
      { class: `mark m-${status}`, title: page.words(status) },
      el("i", { "aria-hidden": "true" }, MARKS[status] ?? "?"),
      el("span", { class: "unseen" }, page.words(status)),
    );

  const found = (one) =>
    el(
      "tr",
      { class: one.status === "signal" ? "" : "quiet" },
      el("td", {}, mark(one.status)),
      el(
        "td",
        {},
        el("code", {}, one.code),
        el("small", {}, ` ${one.question}, ${one.grade}`),
        el("div", {}, one.summary),
        one.measurements.length || one.limits || one.calibration
          ? el(
              "details",
              {},
              el("summary", {}, "numbers and limits"),
              ...one.measurements.map(([name, value, unit]) =>
                el("div", {}, `${page.words(name)}: ${value} ${unit}`),
              ),
              one.limits ? el("div", {}, `Limits: ${one.limits}`) : null,
              one.calibration ? el("div", {}, `Calibrated on ${one.calibration}`) : null,
            )
          : null,
        ...one.plots.map(page.plot),
      ),
      el("td", { class: "num" }, one.weight),
    );

  const brief = (one) =>
    el(
      "tr",
      { class: one.status === "signal" ? "" : "quiet" },
      el("td", {}, mark(one.status)),
      el("td", {}, el("code", {}, one.code), el("small", {}, ` ${one.question}`)),
      el(
        "td",
        { class: "num" },
        Number.isFinite(one.llr)
          ? `LLR ${page.signed(one.llr)}`
          : Number.isFinite(one.p_value)
            ? `p = ${one.p_value.toPrecision(2)}`
            : "",
      ),
    );

  /** What each method found: all of it from a detail, in short from a row. */
  page.evidence = (record, detail) => {
    const first = (one) => (one.status === "signal" ? 0 : 1);
    const order = [...(detail?.evidence ?? record.detectors ?? [])].sort((a, b) => first(a) - first(b));
    const lines = order.map(detail ? found : brief);
    if (!lines.length) return null;
    const applies = (line) => line.querySelector(".m-not_applicable") === null;
    const table = (body) =>
      el(
        "table",
        { class: "evidence" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("th", { scope: "col" }, el("span", { class: "unseen" }, "status")),
            el("th", { scope: "col" }, "finding"),
            el("th", { scope: "col", class: "num" }, "weight"),
          ),
        ),
        el("tbody", {}, ...body),
      );
    const silent = lines.filter((line) => !applies(line));
    return section(
      "Evidence",
      table(lines.filter(applies)),
      silent.length
        ? el(
            "details",
            {},
            el("summary", {}, `${page.plural(silent.length, "method")} that say nothing about such a file`),
            table(silent),
          )
        : null,
    );
  };

  /** The fused scores, and how they add up. */
  page.sums = (record, detail) => {
    const weights = facts([
      ["LLR synthetic", record.verdict ? page.signed(record.llr_synthetic ?? 0) : ""],
      ["LLR altered", record.verdict ? page.signed(record.llr_altered ?? 0) : ""],
      ["rule", code(record.rule)],
    ]);
    const terms = (detail?.opinions ?? []).map((one) =>
      el(
        "details",
        {},
        el("summary", {}, `How the opinions on ${one.question} add up`),
        el(
          "table",
          {},
          el(
            "thead",
            {},
            el(
              "tr",
              {},
              ...["finding", "LLR", "counts", "adds"].map((word) => el("th", { scope: "col" }, word)),
            ),
          ),
          el(
            "tbody",
            {},
            ...one.terms.map(([name, llr, share, adds]) =>
              el(
                "tr",
                {},
                el("td", {}, el("code", {}, name)),
                ...[page.signed(llr), share.toFixed(2), page.signed(adds)].map((text) =>
                  el("td", { class: "num" }, text),
                ),
              ),
            ),
          ),
        ),
        el(
          "p",
          {},
          `Sum ${page.signed(one.llr)}; with prior ${one.prior} the odds are 10^${page.signed(one.odds)}, threshold 10^${page.signed(detail.threshold)}.`,
        ),
      ),
    );
    return section("Weights", weights, ...terms);
  };
}
