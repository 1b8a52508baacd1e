"use strict";
// The one name that the page adds, and small helpers. Text only ever becomes text nodes.
globalThis.forensicsPage = { nonce: document.currentScript.nonce };
{
  const page = globalThis.forensicsPage;
  const numbers = new Intl.NumberFormat("en-US");
  const GLYPHS = {
    synthetic: "◆",
    likely_synthetic: "◇",
    altered: "▲",
    likely_altered: "△",
    captured: "●",
    contradictory: "≠",
    inconclusive: "○",
    unreadable: "✕",
  };

  page.byId = (id) => document.getElementById(id);

  /** Make an element; `on` holds listeners, true and false are switches, the rest are attributes. */
  page.el = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (key === "on") {
        for (const [type, listener] of Object.entries(value)) made.addEventListener(type, listener);
      } else if (value === true) made.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };

  page.count = (value) => numbers.format(value);
  page.words = (text) => text.replaceAll("_", " ");
  page.plural = (count, word) => `${numbers.format(count)} ${word}${count === 1 ? "" : "s"}`;

  page.bytes = (value) => {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let unit = 0;
    for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
    return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
  };

  page.date = (seconds, long = false) => {
    const date = new Date(seconds * 1000);
    if (!(seconds > 0) || Number.isNaN(date.getTime())) return "";
    const text = date.toISOString();
    return long ? `${text.slice(0, -5).replace("T", " ")} UTC` : text.slice(0, text.indexOf("T"));
  };

  page.signed = (value) =>
    Number.isFinite(value) ? (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(2) : "";

  page.verdictClass = (verdict) => (/^[a-z_]+$/.test(verdict) ? `v-${verdict}` : "v-none");

  page.chip = (verdict) =>
    page.el(
      "span",
      { class: `chip ${page.verdictClass(verdict)}` },
      page.el("i", { "aria-hidden": "true" }, GLYPHS[verdict] ?? "–"),
      page.words(verdict || "no verdict"),
    );

  /** Tell what happened to people who do not see it. */
  page.say = (text) => {
    page.byId("say").textContent = text;
  };
}
