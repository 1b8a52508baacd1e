"use strict";
// The details of one file, beside the list.
{
  const page = globalThis.forensicsPage;
  const { el, results, state, store } = page;
  const box = page.byId("panel");

  const bar = (record) => {
    const [last, before] = page.split(record.id);
    const button = (text, label, click) =>
      el("button", { type: "button", "aria-label": label, title: label, on: { click } }, text);
    return el(
      "div",
      { class: "panel-bar" },
      el(
        "div",
        { class: "panel-name" },
        el("h2", { tabindex: "-1", title: record.id }, last),
        el("small", { class: "before" }, before),
      ),
      button("‹", "Previous (k)", () => page.go(page.active - 1)),
      button("›", "Next (j)", () => page.go(page.active + 1)),
      button("✕", "Close (Esc)", () => page.closePanel()),
    );
  };

  /** Where a row stands in the list becomes the active position, if it is listed. */
  page.activate = (row) => {
    const place = results.rows.indexOf(row);
    if (place >= 0) page.active = place;
  };

  const picture = async (row) => {
    const file = store.columns.preview[row];
    return file ? ((await page.load("previews", file - 1).promise).get(row) ?? "") : "";
  };

  const names = (row) => page.load("texts", Math.floor(row / page.meta.sizes.texts)).promise;

  const fill = async (row) => {
    const mates = store.mates(row).slice(0, page.mostMates);
    const [record, detail, address] = await Promise.all([
      store.record(row),
      store.detail(row),
      picture(row),
      ...mates.map(picture),
      ...mates.map(names),
    ]);
    if (row !== state.open) return; // somebody went on while it was read
    box.replaceChildren(
      bar(record),
      el("div", { class: "panel-body" }, ...page.sections(row, record, detail, address)),
    );
    box.scrollTop = 0;
    page.say(`${record.id}: ${page.words(record.verdict || record.state)}`);
  };

  let drawn = -1;

  /** Show the open row, or nothing if none is. */
  page.showPanel = async () => {
    const row = state.open < store.loaded && state.view !== "summary" ? state.open : -1;
    box.hidden = row < 0;
    document.body.classList.toggle("with-panel", row >= 0);
    if (row === drawn) return;
    drawn = row;
    if (row < 0) box.replaceChildren();
    else await fill(row).catch(page.failed);
  };

  page.closePanel = () => {
    state.open = -1;
    page.writeHash();
    page.showPanel();
    page.repaint();
    page.list()?.port.focus();
  };
}
