"use strict";
// Maps of evidence over the preview, or beside it.
{
  const page = globalThis.forensicsPage;
  const { el } = page;
  const PNG = /^iVBORw0KGgo[A-Za-z0-9+/]+=*$/;

  const picture = (kind, address, text) =>
    el("img", { class: kind, alt: text, src: address, draggable: "false" });

  const shaped = (box, record) => {
    if (record.width > 0 && record.height > 0) box.style.aspectRatio = `${record.width} / ${record.height}`;
    return box;
  };

  const viewer = (address, record, maps) => {
    const heat = picture("heat", "", "");
    const caption = el("figcaption", {});
    const under = address ? picture("hostile", address, "preview") : null;
    const stage = shaped(el("div", { class: "stage" }, under, heat), record);
    const slider = el("input", {
      type: "range",
      min: "0",
      max: "100",
      value: under ? "60" : "100",
      "aria-label": "Opacity of the map",
    });
    const beside = el("button", { type: "button", "aria-pressed": "false" }, "Side by side");
    const fade = () => {
      heat.style.opacity = stage.classList.contains("beside") ? "1" : String(slider.value / 100);
    };
    const buttons = maps.map((map, number) =>
      el(
        "button",
        { type: "button", "aria-pressed": "false", on: { click: () => show(number) } },
        `${map.detector}: ${page.words(map.name)}`,
      ),
    );

    const show = (number) => {
      const map = maps[number];
      heat.src = `data:image/png;base64,${map.png}`;
      heat.alt = `map of ${map.detector}`;
      caption.textContent = `${map.detector}: ${map.caption}`;
      buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === number)));
    };
    slider.addEventListener("input", fade);
    beside.addEventListener("click", () => {
      beside.setAttribute("aria-pressed", String(stage.classList.toggle("beside")));
      slider.disabled = stage.classList.contains("beside");
      fade();
    });
    show(0);
    fade();
    return [
      el("div", { class: "choices", role: "group", "aria-label": "Maps" }, ...buttons),
      el("figure", {}, stage, caption),
      under ? el("div", { class: "fader" }, el("label", {}, "Preview ", slider, " Map"), beside) : null,
    ];
  };

  const reveal = (box) => {
    const button = el(
      "button",
      {
        type: "button",
        class: "reveal",
        on: {
          click: () => {
            const shown = box.classList.toggle("shown");
            button.textContent = shown ? "Blur this picture" : "Show this picture";
          },
        },
      },
      "Show this picture",
    );
    return button;
  };

  /** The preview of a row with its maps, if it has any. */
  page.pictures = (address, record, detail) => {
    const maps = (detail?.maps ?? []).filter((map) => PNG.test(map.png));
    if (!address && !maps.length) return null;
    const box = el("section", { class: "pictures", "aria-label": "Picture" });
    if (maps.length) box.append(...viewer(address, record, maps).filter(Boolean));
    else
      box.append(
        el(
          "figure",
          {},
          shaped(el("div", { class: "stage" }, picture("hostile", address, "preview")), record),
        ),
      );
    if (address) box.append(reveal(box));
    return box;
  };
}
