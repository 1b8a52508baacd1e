"use strict";
// The panel of filters, and the chips that say which are set.
{
  const page = globalThis.forensicsPage;
  const { el, state } = page;
  const FIRST = 8;
  const MORE = 50;
  const TITLES = {
    verdict: "Verdict",
    state: "State",
    reason: "Reason",
    source: "Source",
    credentials: "Credentials",
    contradictions: "Contradictions",
    watermark: "Watermark",
    lists: "Lists of hashes",
    findings: "Findings",
    traits: "Traits",
    format: "Format",
    kind: "Kind",
    ai_signal: "Credentials say",
    rule: "Rule",
    problems: "Problems",
    profile: "Profile",
  };
  const EMPTY = {
    verdict: "(no verdict)",
    credentials: "(not read)",
    reason: "(no reason)",
    ai_signal: "(not read)",
  };
  const OPEN = new Set(["verdict", "state", "credentials", "contradictions"]);
  const RANGES = { llr_synthetic: "LLR synthetic", llr_altered: "LLR altered", modified: "Last change" };
  const drawn = {}; // by facet: its elements
  const shownLines = {};

  const label = (key, name) => {
    if (name === "") return EMPTY[key] ?? "(none)";
    return ["verdict", "state", "credentials"].includes(key) ? page.words(name) : name;
  };

  const toggle = (key, name, on) => {
    const names = new Set(state.facets.get(key) ?? []);
    if (on) names.add(name);
    else names.delete(name);
    state.facets.set(key, names);
    page.changed();
  };

  const line = (key, code, name) => {
    const box = el("input", { type: "checkbox", on: { change: () => toggle(key, name, box.checked) } });
    const count = el("span", { class: "many" });
    const dot =
      key === "verdict" ? el("i", { class: `dot ${page.verdictClass(name)}`, "aria-hidden": "true" }) : null;
    const text = el("span", { class: "name", title: label(key, name) }, label(key, name));
    return { code, name, box, count, item: el("li", {}, el("label", {}, box, dot, text, count)) };
  };

  /** Draw the lines of a facet, the most frequent names first. */
  const fill = (key) => {
    const { list, more } = drawn[key];
    const counts = page.results.totals[key];
    const wanted = state.facets.get(key) ?? new Set();
    const order = page
      .namesOf(key)
      .map((name, code) => ({ name, code }))
      .filter(({ name, code }) => counts[code] || wanted.has(name));
    if (key === "verdict") {
      const place = (name) => (page.meta.verdicts.indexOf(name) + 100) % 100;
      order.sort((a, b) => place(a.name) - place(b.name));
    } else order.sort((a, b) => wanted.has(b.name) - wanted.has(a.name) || counts[b.code] - counts[a.code]);
    drawn[key].lines = order.slice(0, shownLines[key]).map(({ code, name }) => line(key, code, name));
    list.replaceChildren(...drawn[key].lines.map(({ item }) => item));
    more.hidden = order.length <= shownLines[key];
    more.textContent = `${page.count(order.length - shownLines[key])} more`;
    const said = order.length > 1 || order.some(({ name }) => name !== "");
    drawn[key].box.hidden = !said && !wanted.size;
  };

  const make = (key) => {
    shownLines[key] = FIRST;
    const list = el("ul", {});
    const more = el("button", {
      type: "button",
      class: "more",
      on: {
        click: () => {
          shownLines[key] += MORE;
          fill(key);
          update(key);
        },
      },
    });
    const box = el(
      "details",
      { class: "facet", open: OPEN.has(key), "data-facet": key },
      el("summary", {}, TITLES[key] ?? key),
      list,
      more,
    );
    drawn[key] = { list, more, box, lines: [] };
    return box;
  };

  const update = (key) => {
    const counts = page.results.counts[key];
    const wanted = state.facets.get(key);
    for (const { code, name, box, count, item } of drawn[key].lines) {
      box.checked = Boolean(wanted?.has(name));
      count.textContent = page.count(counts[code]);
      item.classList.toggle("empty", !counts[code]);
    }
    drawn[key].box.classList.toggle("set", Boolean(wanted?.size));
  };

  const inputs = {};

  const fromInput = (key, text) => {
    if (text.trim() === "") return null;
    const value = key === "modified" ? Date.parse(`${text}T00:00:00Z`) / 1000 : Number(text);
    return Number.isFinite(value) ? value : null;
  };

  const setRange = (key) => {
    const [low, high] = inputs[key].map((input) => fromInput(key, input.value));
    if (low === null && high === null) state.ranges.delete(key);
    else state.ranges.set(key, [low, high === null || key !== "modified" ? high : high + 86_399]);
    page.changed();
  };

  const range = (key) => {
    const kind = key === "modified" ? { type: "date" } : { type: "number", step: "0.5" };
    const field = (word) =>
      el("input", {
        ...kind,
        "aria-label": `${RANGES[key]} ${word}`,
        placeholder: word,
        on: { change: () => setRange(key) },
      });
    inputs[key] = [field("from"), field("to")];
    return el(
      "div",
      { class: `range r-${key}`, role: "group", "aria-label": RANGES[key] },
      el("span", {}, RANGES[key]),
      ...inputs[key],
    );
  };

  const asInput = (key, value) =>
    value === null ? "" : key === "modified" ? page.date(value) : String(value);

  page.drawFacets = () => {
    const order = [...Object.keys(TITLES), ...page.facetKeys].filter(
      (key, i, all) => page.facetKeys.includes(key) && all.indexOf(key) === i,
    );
    const boxes = order.map(make);
    const ranges = el(
      "details",
      { class: "facet", open: true },
      el("summary", {}, "Scores and dates"),
      ...Object.keys(RANGES).map(range),
    );
    page.byId("facets").replaceChildren(...boxes.slice(0, 2), ranges, ...boxes.slice(2));
  };

  let filled = -1;

  page.updateFacets = () => {
    for (const key of page.facetKeys) {
      const missing = [...(state.facets.get(key) ?? [])].some(
        (name) => !drawn[key].lines.some((one) => one.name === name),
      );
      if (filled !== page.store.loaded || missing) fill(key);
      update(key);
    }
    filled = page.store.loaded;
    for (const [key, [low, high]] of Object.entries(inputs)) {
      const [from, to] = state.ranges.get(key) ?? [null, null];
      low.value = asInput(key, from);
      high.value = asInput(key, to);
    }
    chips();
  };

  const chip = (text, clear) =>
    el(
      "button",
      {
        type: "button",
        class: "filter",
        "aria-label": `Remove filter: ${text}`,
        on: {
          click: () => {
            clear();
            page.changed();
          },
        },
      },
      el("span", {}, text),
      el("i", { "aria-hidden": "true" }, "✕"),
    );

  const chips = () => {
    const made = [];
    for (const [key, names] of state.facets) {
      for (const name of names) {
        made.push(
          chip(`${TITLES[key] ?? key}: ${label(key, name)}`, () => {
            names.delete(name);
          }),
        );
      }
    }
    for (const [key, [low, high]] of state.ranges) {
      const text = `${RANGES[key]}: ${asInput(key, low) || "…"} to ${asInput(key, high) || "…"}`;
      made.push(
        chip(text, () => {
          state.ranges.delete(key);
        }),
      );
    }
    if (state.q)
      made.push(
        chip(`Text: ${state.q}`, () => {
          state.q = "";
        }),
      );
    if (state.cluster)
      made.push(
        chip(`Near-duplicates: cluster ${state.cluster}`, () => {
          state.cluster = 0;
        }),
      );
    if (state.picked)
      made.push(
        chip("Selected only", () => {
          state.picked = false;
        }),
      );
    if (made.length > 1) {
      made.push(
        el("button", { type: "button", class: "plain", on: { click: page.clearFilters } }, "Clear all"),
      );
    }
    page.byId("chips").replaceChildren(...made);
  };

  page.clearFilters = () => {
    Object.assign(state, { q: "", facets: new Map(), ranges: new Map(), cluster: 0, picked: false });
    page.changed();
  };
}
