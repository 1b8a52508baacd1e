"use strict";
// Everything put together.
{
  const page = globalThis.forensicsPage;
  const { byId, el, meta, results, state, store } = page;
  const head = page.tableHead();
  page.lists = {
    table: new page.List(byId("table"), page.table, head),
    gallery: new page.List(byId("gallery"), page.gallery, null),
  };

  page.failed = (error) => {
    byId("count").textContent = String(error.message ?? error);
    page.say(String(error.message ?? error));
  };

  const layout = () => {
    const browsing = state.view !== "summary";
    document.body.dataset.view = state.view;
    byId("summary").hidden = browsing;
    byId("browse").hidden = !browsing;
    for (const [name, list] of Object.entries(page.lists))
      list.box.hidden = name !== state.view || !results.rows.length;
    byId("nothing").hidden = Boolean(results.rows.length) || store.loaded < store.rows;
    for (const button of byId("views").children)
      button.setAttribute("aria-current", String(button.dataset.view === state.view));
  };

  const tell = () => {
    const part =
      store.loaded < store.rows ? ` (${page.count(store.loaded)} of ${page.count(store.rows)} read)` : "";
    byId("count").textContent =
      `${page.count(results.rows.length)} of ${page.plural(store.rows, "file")}${part}`;
    byId("loading").hidden = !part;
    byId("loading").value = store.rows ? store.loaded / store.rows : 1;
  };

  /** Show the state: filter, draw, and keep the active row where it can be kept. */
  page.refresh = () => {
    const row = results.rows[page.active];
    page.filter();
    const keep = state.open >= 0 ? state.open : row;
    page.active = Math.max(0, keep === undefined ? 0 : results.rows.indexOf(keep));
    layout();
    tell();
    page.updateFacets();
    page.updateTableHead(head);
    if (document.activeElement !== byId("search")) byId("search").value = state.q;
    byId("sort").value = state.sort;
    byId("direction").textContent = state.down ? "↓" : "↑";
    page.showPanel();
    page.chosenChanged();
    page.list()?.reveal();
    if (page.needsTexts()) readNames();
  };

  let reading = null;

  /** Names of all rows are needed: read them once, then filter again. */
  const readNames = () => {
    reading ??= store
      .allTexts((part) => {
        byId("count").textContent = `reading names, ${Math.round(100 * part)} %`;
      })
      .then(() => page.refresh())
      .catch(page.failed);
  };

  /** A filter or the order was changed here. */
  page.changed = () => {
    page.writeHash();
    page.refresh();
  };

  page.show = (view) => {
    state.view = view;
    page.writeHash(true);
    page.refresh();
    page.list()?.port.focus();
  };

  page.blur = () => {
    const on = document.body.classList.toggle("blurred");
    byId("blur").setAttribute("aria-pressed", String(on));
    byId("blur").textContent = on ? "Blurred" : "Not blurred";
    page.say(on ? "Pictures are blurred" : "Pictures are shown");
  };

  page.grey = () =>
    page.say(document.body.classList.toggle("grey") ? "Pictures are grey" : "Pictures are in colour");

  page.chooseAll = () => {
    for (const row of results.rows) page.choose(row, true);
    page.chosenChanged();
    page.say(`${page.plural(page.chosenCount, "file")} selected`);
  };

  page.chooseNone = () => {
    page.chosen.fill(0);
    page.chosenCount = 0;
    if (state.picked) {
      state.picked = false;
      page.changed();
    }
    page.chosenChanged();
  };

  const THEMES = ["auto", "light", "dark"];

  const wire = () => {
    let timer = 0;
    byId("search").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        state.q = byId("search").value;
        page.changed();
      }, 180);
    });
    byId("search").addEventListener("keydown", (event) => {
      if (event.key === "Enter") page.list()?.port.focus();
    });
    byId("sort").append(...page.sorts.map(([key, text]) => el("option", { value: key }, text)));
    byId("sort").addEventListener("change", () => {
      state.sort = byId("sort").value;
      page.changed();
    });
    byId("direction").addEventListener("click", () => {
      state.down = !state.down;
      page.changed();
    });
    byId("blur").addEventListener("click", page.blur);
    byId("theme").addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % 3];
      document.documentElement.dataset.theme = next;
      byId("theme").textContent = `Theme: ${next}`;
    });
    byId("help-open").addEventListener("click", () => byId("help").showModal());
    byId("pick-all").addEventListener("click", page.chooseAll);
    byId("pick-none").addEventListener("click", page.chooseNone);
    for (const button of byId("views").children)
      button.addEventListener("click", () => page.show(button.dataset.view));
    for (const button of document.querySelectorAll("[data-export]")) {
      button.addEventListener("click", () => {
        byId("export").open = false;
        page.exportAs(button.dataset.export).catch(page.failed);
      });
    }
    for (const list of Object.values(page.lists))
      list.box.addEventListener("click", (event) => page.clicked(event, list.box));
  };

  wire();
  byId("views").hidden = false;
  byId("tools").hidden = false;
  page.drawFacets();
  page.readHash();
  page.refresh();
  store.fill(() => page.refresh()).catch(page.failed);
}
