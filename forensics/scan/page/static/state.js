"use strict";
// What is shown, and how it stands in the address, so that it can be shared.
{
  const page = globalThis.forensicsPage;
  const VIEWS = ["summary", "table", "gallery"];
  const RANGES = ["llr_synthetic", "llr_altered", "modified"];
  const facets = [...Object.keys(page.meta.dictionaries), ...Object.keys(page.meta.sets)];
  const empty = () => ({
    view: "summary",
    q: "",
    facets: new Map(),
    ranges: new Map(),
    cluster: 0,
    picked: false,
    sort: "",
    down: false,
    open: -1,
  });
  const state = empty();
  page.state = state;
  page.facetKeys = facets;
  let written = null;

  const encode = (text) => encodeURIComponent(text).replaceAll("~", "%7E") || "~";
  const decode = (text) => (text === "~" ? "" : decodeURIComponent(text));

  const asHash = () => {
    const parts = [`view=${state.view}`];
    for (const [key, names] of state.facets)
      if (names.size) parts.push(`${key}=${[...names].map(encode).join(",")}`);
    for (const [key, [low, high]] of state.ranges) parts.push(`${key}=${low ?? ""}..${high ?? ""}`);
    if (state.q) parts.push(`q=${encode(state.q)}`);
    if (state.cluster) parts.push(`cluster=${state.cluster}`);
    if (state.picked) parts.push("picked=1");
    if (state.sort) parts.push(`sort=${state.down ? "-" : ""}${state.sort}`);
    if (state.open >= 0) parts.push(`open=${state.open}`);
    return `#${parts.join("&")}`;
  };

  const limit = (text) => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : null);

  const READERS = {
    view: (text, to) => {
      if (VIEWS.includes(text)) to.view = text;
    },
    q: (text, to) => {
      to.q = decode(text).slice(0, 500);
    },
    cluster: (text, to) => {
      to.cluster = Math.max(0, Math.trunc(Number(text)) || 0);
    },
    picked: (text, to) => {
      to.picked = text === "1";
    },
    sort: (text, to) => {
      to.down = text.startsWith("-");
      to.sort = text.replace(/^-/, "");
    },
    open: (text, to) => {
      to.open = /^\d+$/.test(text) && Number(text) < page.meta.rows ? Number(text) : -1;
    },
  };

  const readPart = (key, text, to) => {
    if (Object.hasOwn(READERS, key)) READERS[key](text, to);
    else if (RANGES.includes(key)) {
      const [low, high] = text.split("..", 2).map(limit);
      if (low !== null || (high ?? null) !== null) to.ranges.set(key, [low, high ?? null]);
    } else if (facets.includes(key)) to.facets.set(key, new Set(text.split(",").map(decode)));
  };

  /** Take the state from the address; what is wrong in it is left out. */
  page.readHash = () => {
    const fresh = empty();
    for (const part of location.hash.slice(1).split("&")) {
      const place = part.indexOf("=");
      try {
        if (place > 0) readPart(part.slice(0, place), part.slice(place + 1), fresh);
      } catch {
        // An address that somebody cut: the rest of it still counts.
      }
    }
    if (!page.sorts.some(([key]) => key === fresh.sort)) fresh.sort = "";
    Object.assign(state, fresh);
  };

  /** Put the state into the address, with an entry in the history where the view changes. */
  page.writeHash = (keep = false) => {
    written = asHash();
    if (written === location.hash) return;
    if (keep) location.hash = written;
    else location.replace(written);
  };

  addEventListener("hashchange", () => {
    if (location.hash === written) return;
    page.readHash();
    written = location.hash;
    page.refresh();
  });

  page.sorts = [
    ["", "order of the scan"],
    ["verdict", "verdict"],
    ["llr_synthetic", "LLR synthetic"],
    ["llr_altered", "LLR altered"],
    ["modified", "last change"],
    ["bytes", "size"],
    ["id", "name"],
    ["format", "format"],
    ["source", "source"],
    ["credentials", "credentials"],
    ["state", "state"],
    ["cluster", "cluster"],
    ["seconds", "seconds of the audit"],
  ];
}
