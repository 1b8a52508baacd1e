"use strict";
// The results as pictures.
{
  const page = globalThis.forensicsPage;
  const { el, results, store } = page;
  const { columns } = store;

  const scores = (row) => {
    const [synthetic, altered] = [columns.llr_synthetic[row], columns.llr_altered[row]];
    if (!Number.isFinite(synthetic)) return el("small", { class: "quiet" }, store.name("reason", row));
    return el(
      "small",
      { class: "scores num", title: "LLR synthetic, LLR altered" },
      `syn ${page.signed(synthetic)}  alt ${page.signed(altered)}`,
    );
  };

  const corner = (row) => {
    const made = [];
    if (store.group("lists", row).length) made.push(el("span", { class: "tag list" }, "on a list"));
    if (store.group("contradictions", row).length)
      made.push(el("span", { class: "tag warn", title: store.group("contradictions", row).join(", ") }, "≠"));
    if (columns.cluster[row]) made.push(el("span", { class: "tag soft", title: "has near-duplicates" }, "≈"));
    return el("span", { class: "corner" }, ...made);
  };

  page.gallery = {
    name: "tile",
    role: "listbox",
    label: "Results as pictures",
    height: 230,
    columns: (width) => Math.max(1, Math.floor(width / 190)),
    signature: (row) => `${store.text(row) !== null} ${store.preview(row) !== null}`,
    draw: (row, position) => {
      const text = store.text(row);
      const stateName = store.name("state", row);
      const chip =
        stateName === "ok"
          ? page.chip(store.name("verdict", row))
          : el("span", { class: "chip v-none" }, el("i", { "aria-hidden": "true" }, "–"), stateName);
      return el(
        "div",
        {
          class: "tile",
          role: "option",
          "aria-posinset": String(position + 1),
          "aria-setsize": String(results.rows.length),
        },
        el(
          "div",
          { class: "card" },
          page.picture(row),
          el("span", { class: "pick" }, el("i", { class: "box", "aria-hidden": "true" })),
          corner(row),
          el(
            "div",
            { class: "under" },
            chip,
            el("b", { class: "last", title: text?.[0] }, text ? page.split(text[0])[0] : "…"),
            scores(row),
          ),
        ),
      );
    },
  };
}
