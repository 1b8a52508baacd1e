"use strict";
// A list of any length of which only what is on screen is in the document.
{
  const page = globalThis.forensicsPage;
  const { el, results, state } = page;
  const TALLEST = 8_000_000; // pixels; browsers draw nothing beyond some tens of millions
  const BEYOND = 4; // lines drawn above and below the screen

  page.active = 0; // position in the results

  /** One view of the results.
   *
   * `made.draw(row, position)` gives the element of a row, `made.signature(row)` what it depends on, `made.height`
   * the height of a line, `made.columns(width)` how many rows stand in it. */
  page.List = class {
    constructor(box, made, head) {
      this.made = made;
      this.box = box;
      this.drawn = new Map();
      this.canvas = el("div", { class: "canvas", role: "presentation" });
      this.port = el(
        "div",
        {
          class: "port",
          tabindex: "0",
          role: made.role,
          "aria-label": made.label,
          "aria-multiselectable": "true",
        },
        head,
        this.canvas,
      );
      this.headHeight = head ? 34 : 0;
      box.append(this.port);
      this.port.addEventListener("scroll", () => this.paint(), { passive: true });
      new ResizeObserver(() => this.paint()).observe(this.port);
    }

    get across() {
      return this.made.columns(this.port.clientWidth);
    }

    get lines() {
      return Math.ceil(results.rows.length / this.across);
    }

    get screen() {
      return Math.max(1, this.port.clientHeight - this.headHeight);
    }

    /** How far the list is scrolled, in pixels of a list that is drawn in full. */
    get top() {
      const whole = this.lines * this.made.height;
      const tall = Math.min(whole, TALLEST);
      if (whole === tall || tall <= this.screen) return this.port.scrollTop;
      return (this.port.scrollTop / (tall - this.screen)) * (whole - this.screen);
    }

    set top(value) {
      const whole = this.lines * this.made.height;
      const tall = Math.min(whole, TALLEST);
      this.port.scrollTop = whole === tall ? value : (value / (whole - this.screen)) * (tall - this.screen);
    }

    /** Give the list the height of its rows, so that it can be scrolled to any of them. */
    stretch() {
      this.canvas.style.height = `${Math.min(this.lines * this.made.height, TALLEST)}px`;
    }

    paint() {
      if (this.box.hidden) return;
      this.stretch();
      const { height } = this.made;
      const across = this.across;
      const top = this.top;
      const shift = this.port.scrollTop - top;
      const first = Math.max(0, Math.floor(top / height) - BEYOND) * across;
      const last = Math.min(results.rows.length, (Math.ceil((top + this.screen) / height) + BEYOND) * across);
      const kept = new Map();
      for (let position = first; position < last; position += 1) {
        const made = this.one(position);
        const down = Math.floor(position / across) * height + shift;
        made.style.transform = `translate(${(position % across) * 100}%, ${down}px)`;
        made.style.width = `${100 / across}%`;
        kept.set(position, made);
      }
      const same =
        kept.size === this.drawn.size && [...kept].every(([at, made]) => this.drawn.get(at) === made);
      if (!same) this.canvas.replaceChildren(...kept.values()); // in the order in which they are read out
      this.drawn = kept;
      if (this.headHeight) this.port.setAttribute("aria-rowcount", String(results.rows.length + 1));
      const active = kept.get(page.active);
      if (active) this.port.setAttribute("aria-activedescendant", active.id);
      else this.port.removeAttribute("aria-activedescendant");
    }

    one(position) {
      const row = results.rows[position];
      const looks = [page.chosen[row], position === page.active, row === state.open];
      const signature = [row, ...looks, this.made.signature(row)].join(" ");
      const old = this.drawn.get(position);
      if (old?.signature === signature) return old;
      const made = this.made.draw(row, position);
      made.signature = signature;
      made.id = `${this.made.name}-${position}`;
      made.dataset.position = String(position);
      made.setAttribute("aria-selected", String(Boolean(page.chosen[row])));
      made.classList.toggle("active", position === page.active);
      made.classList.toggle("open", row === state.open);
      made.classList.toggle("chosen", Boolean(page.chosen[row]));
      return made;
    }

    /** Scroll so far that the active row is in sight. */
    reveal() {
      this.stretch();
      const { height } = this.made;
      const line = Math.floor(page.active / this.across);
      const top = this.top;
      if (line * height < top) this.top = line * height;
      else if ((line + 1) * height > top + this.screen) this.top = (line + 1) * height - this.screen;
      this.paint();
    }
  };

  page.list = () => page.lists[state.view];

  /** Go to a position, and let the open details follow. */
  page.go = (position) => {
    const last = results.rows.length - 1;
    if (last < 0 || !page.list()) return;
    page.active = Math.max(0, Math.min(last, position));
    if (state.open >= 0) {
      state.open = results.rows[page.active];
      page.writeHash();
      page.showPanel();
    }
    page.list().reveal();
  };

  let asked = false;

  /** Draw again soon, once for all who ask. */
  page.repaint = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      page.list()?.paint();
    });
  };

  page.choose = (row, on) => {
    page.chosenCount += Number(on) - page.chosen[row];
    page.chosen[row] = Number(on);
  };

  /** Select or drop the rows between two positions. */
  page.chooseRange = (from, to, on = true) => {
    for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) page.choose(results.rows[at], on);
    page.chosenChanged();
  };

  page.toggleChosen = (position) => {
    const row = results.rows[position];
    if (row === undefined) return;
    page.choose(row, !page.chosen[row]);
    page.chosenChanged();
  };

  /** What a click on a row means: its box selects, Shift selects up to it, else it opens. */
  page.clicked = (event, box) => {
    const item = event.target.closest("[data-position]");
    if (!item || !box.contains(item)) return;
    const position = Number(item.dataset.position);
    if (event.shiftKey) page.chooseRange(page.active, position);
    else if (event.target.closest(".pick") || event.ctrlKey || event.metaKey) page.toggleChosen(position);
    else {
      state.open = results.rows[position];
      page.active = position;
      page.writeHash();
      page.showPanel();
    }
    page.active = position;
    page.list().paint();
  };

  /** The last part of an id, and what stands before it. */
  page.split = (id) => {
    const number = id.search(/#\d+$/);
    const cut = number > 0 ? number : id.lastIndexOf("/") + 1;
    return cut > 0 && cut < id.length ? [id.slice(cut), id.slice(0, cut)] : [id, ""];
  };

  /** A preview in its frame, as far as it was read. */
  page.picture = (row, text) => {
    const address = page.store.preview(row);
    const frame = el("span", { class: address === "" ? "frame none" : "frame" });
    if (address)
      frame.append(
        el("img", { class: "hostile", alt: text ?? "", src: address, decoding: "async", draggable: "false" }),
      );
    else if (address === "") frame.append(el("span", { class: "quiet" }, "no preview"));
    return frame;
  };
}
