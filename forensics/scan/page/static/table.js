"use strict";
// The results as a table.
{
  const page = globalThis.forensicsPage;
  const { el, state, store } = page;
  const { columns } = store;

  const weight = (value) => {
    const known = Number.isFinite(value);
    const cell = el("span", { class: `cell num weight${value >= 2 ? " strong" : ""}`, role: "gridcell" });
    if (!known) return cell;
    const bar = el("i", { class: value < 0 ? "bar against" : "bar", "aria-hidden": "true" });
    bar.style.width = `${Math.min(50, Math.abs(value) * 10)}%`;
    cell.append(bar, el("span", {}, page.signed(value)));
    return cell;
  };

  const cell = (kind, ...children) => el("span", { class: `cell ${kind}`, role: "gridcell" }, ...children);

  const name = (row) => {
    const text = store.text(row);
    if (!text) return cell("name", el("span", { class: "quiet" }, "…"));
    const [last, before] = page.split(text[0]);
    return el(
      "span",
      { class: "cell name", role: "gridcell", title: text[0] },
      el("b", { class: "last" }, last),
      el("small", { class: "before" }, before),
    );
  };

  const marks = (row) => {
    const found = store.group("contradictions", row);
    const lists = store.group("lists", row);
    return cell(
      "marks",
      lists.length ? el("span", { class: "tag list", title: lists.join(", ") }, "on a list") : null,
      found.length
        ? el(
            "span",
            { class: "tag warn", title: found.join(", ") },
            page.plural(found.length, "contradiction"),
          )
        : null,
      store.name("watermark", row).endsWith(".found")
        ? el("span", { class: "tag", title: store.name("watermark", row) }, "watermark")
        : null,
      columns.flags[row] & 1
        ? el("span", { class: "tag warn", title: "the name does not fit the content" }, "renamed")
        : null,
      columns.cluster[row] ? el("span", { class: "tag soft" }, "near-duplicates") : null,
    );
  };

  const verdict = (row) => {
    const stateName = store.name("state", row);
    if (stateName === "ok") return cell("verdict", page.chip(store.name("verdict", row)));
    return cell(
      "verdict",
      el("span", { class: "chip v-none" }, el("i", { "aria-hidden": "true" }, "–"), stateName),
      el("small", { class: "before" }, store.name("reason", row)),
    );
  };

  const size = (row) => {
    const wide = columns.width[row];
    return cell(
      "size",
      el("span", {}, [store.name("format", row), page.bytes(columns.bytes[row])].filter(Boolean).join(", ")),
      el("small", { class: "before" }, wide ? `${wide} × ${columns.height[row]}` : ""),
    );
  };

  const credentials = (row) => {
    const found = store.name("credentials", row);
    return cell(
      "credentials",
      found && found !== "none"
        ? el("span", { class: `seal s-${found}` }, page.words(found))
        : el("span", { class: "quiet" }, found),
    );
  };

  const HEAD = [
    ["", "", ""],
    ["", "", "Picture"],
    ["name", "id", "Name"],
    ["verdict", "verdict", "Verdict"],
    ["num", "llr_synthetic", "LLR synthetic"],
    ["num", "llr_altered", "LLR altered"],
    ["", "credentials", "Credentials"],
    ["", "", "Marks"],
    ["", "bytes", "File"],
    ["", "modified", "Last change"],
  ];

  const sortBy = (key) => {
    state.down =
      state.sort === key ? !state.down : key.startsWith("llr") || ["modified", "bytes"].includes(key);
    state.sort = key;
    page.changed();
  };

  const heading = ([kind, key, text]) =>
    el(
      "span",
      { class: `cell ${kind}`, role: "columnheader", "data-sort": key || null },
      key ? el("button", { type: "button", tabindex: "-1", on: { click: () => sortBy(key) } }, text) : text,
    );

  page.tableHead = () =>
    el("div", { class: "row head", role: "row", "aria-rowindex": "1" }, ...HEAD.map(heading));

  page.updateTableHead = (head) => {
    for (const one of head.querySelectorAll("[data-sort]")) {
      const on = one.dataset.sort === state.sort;
      one.setAttribute("aria-sort", on ? (state.down ? "descending" : "ascending") : "none");
    }
  };

  page.table = {
    name: "row",
    role: "grid",
    label: "Results as a table",
    height: 52,
    columns: () => 1,
    signature: (row) => `${store.text(row) !== null} ${store.preview(row) !== null}`,
    draw: (row, position) =>
      el(
        "div",
        { class: "row", role: "row", "aria-rowindex": String(position + 2) },
        cell("pick", el("i", { class: "box", "aria-hidden": "true" })),
        cell("thumb", page.picture(row)),
        name(row),
        verdict(row),
        weight(columns.llr_synthetic[row]),
        weight(columns.llr_altered[row]),
        credentials(row),
        marks(row),
        size(row),
        cell("date", page.date(columns.modified[row])),
      ),
  };
}
