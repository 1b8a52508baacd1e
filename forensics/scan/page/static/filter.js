"use strict";
// Which rows fit the filters, in which order, and how many there would be for each other choice.
{
  const page = globalThis.forensicsPage;
  const { meta, state, store } = page;
  const { columns } = store;

  const results = { rows: new Uint32Array(0), counts: {}, totals: {} };
  page.results = results;
  page.chosen = new Uint8Array(meta.rows);
  page.chosenCount = 0;

  const isSet = (key) => key in meta.sets;
  page.namesOf = (key) => (isSet(key) ? ["", ...meta.sets[key].names] : meta.dictionaries[key]);

  /** Return, for each code of a column, whether it is among the chosen names. */
  const allowed = (key, names) => {
    if (!isSet(key)) return Uint8Array.from(meta.dictionaries[key], (name) => names.has(name));
    const { names: members, groups } = meta.sets[key];
    return Uint8Array.from(groups, (group) =>
      group.length ? group.some((code) => names.has(members[code])) : names.has(""),
    );
  };

  const marked = (mask, bit, fits) => {
    for (let row = 0; row < store.loaded; row += 1) if (!fits(row)) mask[row] |= bit;
  };

  const byFacet = (mask, key, bit) => {
    const yes = allowed(key, state.facets.get(key));
    const codes = columns[key];
    marked(mask, bit, (row) => yes[codes[row]]);
  };

  const byRange = (mask, key, bit) => {
    const [low, high] = state.ranges.get(key);
    const values = columns[key];
    marked(mask, bit, (row) => values[row] >= (low ?? -Infinity) && values[row] <= (high ?? Infinity));
  };

  const byText = (mask, bit) => {
    const wanted = state.q.toLowerCase();
    const size = meta.sizes.texts;
    let number = -1,
      texts = null;
    marked(mask, bit, (row) => {
      if (Math.floor(row / size) !== number) {
        number = Math.floor(row / size);
        texts = page.load("texts", number).ready;
      }
      return texts !== null && texts[row % size].some((text) => text.toLowerCase().includes(wanted));
    });
  };

  /** Return a mask for each row: one bit for each filter that it does not fit. */
  const failing = () => {
    const mask = new Uint32Array(store.loaded);
    const other = 1 << page.facetKeys.length;
    page.facetKeys.forEach((key, number) => {
      if (state.facets.get(key)?.size) byFacet(mask, key, 1 << number);
    });
    for (const key of state.ranges.keys()) byRange(mask, key, other);
    if (state.q) byText(mask, other);
    if (state.cluster) marked(mask, other, (row) => columns.cluster[row] === state.cluster);
    if (state.picked) marked(mask, other, (row) => page.chosen[row]);
    return mask;
  };

  /** Count rows by code, each facet under all the other filters. */
  const counted = (mask) => {
    const counts = {};
    for (const [number, key] of page.facetKeys.entries()) {
      const sums = new Uint32Array(isSet(key) ? meta.sets[key].groups.length : meta.dictionaries[key].length);
      const codes = columns[key];
      const others = ~(1 << number);
      for (let row = 0; row < mask.length; row += 1) if (!(mask[row] & others)) sums[codes[row]] += 1;
      counts[key] = isSet(key) ? spread(key, sums) : sums;
    }
    return counts;
  };

  /** From counts of groups to counts of their members; the first is that of the empty group. */
  const spread = (key, sums) => {
    const { names, groups } = meta.sets[key];
    const found = new Uint32Array(names.length + 1);
    groups.forEach((group, code) => {
      if (!group.length) found[0] += sums[code];
      for (const member of group) found[member + 1] += sums[code];
    });
    return found;
  };

  /** Return a number for each row by which rows are sorted. */
  const keyed = (key) => {
    if (key === "id") return null;
    if (!(key in meta.dictionaries)) return columns[key];
    const names = meta.dictionaries[key];
    const place = (name) => (key === "verdict" ? (meta.verdicts.indexOf(name) + 100) % 100 : 0);
    const order = names
      .map((_, code) => code)
      .sort((a, b) => place(names[a]) - place(names[b]) || (names[a] < names[b] ? -1 : 1));
    const ranks = new Uint16Array(names.length);
    order.forEach((code, rank) => {
      ranks[code] = rank;
    });
    return Uint16Array.from(columns[key], (code) => ranks[code]);
  };

  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  const sorted = (rows) => {
    const turn = state.down ? -1 : 1;
    if (!state.sort) return state.down ? rows.reverse() : rows;
    const keys = keyed(state.sort);
    if (!keys) {
      const text = (row) => store.text(row)?.[0] ?? "";
      return rows.sort((a, b) => turn * compare(text(a), text(b)) || a - b);
    }
    return rows.sort((a, b) => {
      const x = keys[a],
        y = keys[b];
      if (x !== x || y !== y) return (x !== x) - (y !== y) || a - b; // what has no number comes last
      return turn * (x - y) || a - b;
    });
  };

  /** Whether all names have to be read first. */
  page.needsTexts = () => Boolean(state.q) || state.sort === "id";

  let totalled = -1;

  page.filter = () => {
    const mask = failing();
    results.counts = counted(mask);
    if (totalled !== mask.length) results.totals = counted(new Uint32Array(mask.length));
    totalled = mask.length;
    let many = 0;
    for (let row = 0; row < mask.length; row += 1) many += mask[row] === 0;
    const rows = new Uint32Array(many);
    for (let row = 0, place = 0; row < mask.length; row += 1) if (mask[row] === 0) rows[place++] = row;
    results.rows = sorted(rows);
  };
}
