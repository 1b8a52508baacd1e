"use strict";
// The keyboard.
{
  const page = globalThis.forensicsPage;
  const { results, state } = page;
  const help = page.byId("help");

  const move = (lines, columns) => (event) => {
    const list = page.list();
    if (!list) return false;
    const from = page.active;
    const gallery = state.view === "gallery";
    const step =
      columns && !gallery
        ? 0
        : columns || lines * (gallery && event.key.startsWith("Arrow") ? list.across : 1);
    if (!step) return false;
    page.go(from + step);
    if (event.shiftKey && event.key.startsWith("Arrow")) page.chooseRange(from, page.active);
    return true;
  };

  const screen = (way) => () => {
    const list = page.list();
    const lines = Math.max(1, Math.floor(list.screen / list.made.height) - 1);
    page.go(page.active + way * lines * list.across);
    return true;
  };

  const open = () => {
    if (results.rows[page.active] === undefined) return false;
    state.open = results.rows[page.active];
    page.writeHash();
    page.showPanel().then(() => page.byId("panel").focus({ preventScroll: true }));
    page.repaint();
    return true;
  };

  const choose = () => {
    page.toggleChosen(page.active);
    return true;
  };

  const IN_LIST = {
    j: move(1, 0),
    k: move(-1, 0),
    ArrowDown: move(1, 0),
    ArrowUp: move(-1, 0),
    ArrowRight: move(0, 1),
    ArrowLeft: move(0, -1),
    PageDown: screen(1),
    PageUp: screen(-1),
    Home: () => (page.go(0), true),
    End: () => (page.go(results.rows.length - 1), true),
    Enter: open,
    x: choose,
    " ": choose,
    a: () => (page.chooseAll(), true),
    n: () => (page.chooseNone(), true),
  };

  const ANYWHERE = {
    1: () => page.show("summary"),
    2: () => page.show("table"),
    3: () => page.show("gallery"),
    b: () => page.blur(),
    g: () => page.grey(),
    "?": () => help.showModal(),
    "/": () => {
      if (state.view === "summary") page.show("table");
      page.byId("search").focus();
    },
  };

  const escape = (event) => {
    if (help.open) return;
    const menu = page.byId("export");
    if (menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (event.target === page.byId("search")) page.list()?.port.focus();
    else if (state.open >= 0) page.closePanel();
  };

  const typing = (target) => target.matches?.("input:not([type=checkbox], [type=range]), select, textarea");
  const pressing = (target, key) =>
    ["Enter", " "].includes(key) && target.closest?.("button, summary, a, label, input");
  const sliding = (target, key) => target.matches?.("input[type=range]") && key.startsWith("Arrow");

  addEventListener("keydown", (event) => {
    if (event.key === "Escape") return escape(event);
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return undefined;
    if (typing(target) || pressing(target, key) || sliding(target, key)) return undefined;
    if (Object.hasOwn(ANYWHERE, key)) {
      event.preventDefault();
      ANYWHERE[key]();
    } else if (state.view !== "summary" && Object.hasOwn(IN_LIST, key) && IN_LIST[key](event))
      event.preventDefault();
    return undefined;
  });
}
