"use strict";
// What was selected, as a file. It never leaves the computer by itself.
{
  const page = globalThis.forensicsPage;
  const { results, state, store } = page;
  const COLUMNS = [
    "id",
    "source",
    "state",
    "reason",
    "message",
    "verdict",
    "rule",
    "because",
    "llr_synthetic",
    "llr_altered",
    "format",
    "kind",
    "width",
    "height",
    "duration",
    "bytes",
    "modified",
    "name_matches",
    "sha256",
    "md5",
    "duplicate_of",
    "cluster",
    "credential_state",
    "credential_chain",
    "credential_codes",
    "signer",
    "issuer",
    "trust_list",
    "generator",
    "ai_signal",
    "watermark",
    "watermark_key",
    "watermark_payload",
    "watermark_p",
    "contradictions",
    "matches",
    "pdq",
    "dct",
    "profile",
    "stage",
    "problems",
    "seconds",
    "suite_version",
    "models",
  ];
  const NUMBERS = {
    llr_synthetic: 0,
    llr_altered: 0,
    width: 0,
    height: 0,
    duration: 0,
    bytes: 0,
    stage: 0,
    seconds: 0,
    name_matches: true,
  };
  const FORMULA = /^[\s\u0000]*[=+\-@\t\r＝＋－＠]/u; // what a spreadsheet would run

  page.exportRows = () =>
    page.chosenCount
      ? Array.from(page.chosen.keys()).filter((row) => page.chosen[row])
      : Array.from(results.rows);

  const flat = (value) => {
    if (!Array.isArray(value)) return value;
    return value
      .map((one) => (typeof one === "object" ? [one.list, one.kind, one.value].join(":") : one))
      .join("; ");
  };

  /** One field of a CSV: quoted, and never a formula. */
  const field = (value) => {
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    const text = String(value ?? "");
    return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  };

  const csvLine = (record) =>
    COLUMNS.map((key) => {
      if (key === "modified") return field(page.date(record.modified ?? 0, true));
      return field(flat(record[key] ?? NUMBERS[key] ?? ""));
    }).join(",") + "\r\n";

  const exact = (record) => {
    const { exact_id: id, ...rest } = record;
    return { ...rest, id: id ?? rest.id };
  };

  const idLine = (record) => {
    const id = record.exact_id ?? record.id;
    return `${/[\u0000-\u001f\u007f\u0085\u2028\u2029]/.test(id) || !id.isWellFormed?.() ? record.id : id}\n`;
  };

  const FORMATS = {
    csv: {
      type: "text/csv",
      name: "csv",
      before: `\ufeff${COLUMNS.join(",")}\r\n`,
      after: "",
      one: csvLine,
      between: "",
    },
    json: {
      type: "application/json",
      name: "json",
      before: "[\n",
      after: "\n]\n",
      one: (record) => JSON.stringify(exact(record)),
      between: ",\n",
    },
    ids: { type: "text/plain", name: "txt", before: "", after: "", one: idLine, between: "" },
  };

  /** Return the file as a blob; rows are read file by file, so that memory holds the text alone. */
  const written = async (format, rows) => {
    const parts = [format.before];
    let text = "";
    for (const [number, row] of rows.entries()) {
      text += (number ? format.between : "") + format.one(await store.record(row));
      if (text.length > 1 << 20) {
        parts.push(new Blob([text]));
        text = "";
        page.say(`${page.count(number + 1)} of ${page.count(rows.length)} written`);
      }
    }
    return new Blob([...parts, text, format.after], { type: `${format.type};charset=utf-8` });
  };

  page.exportAs = async (kind) => {
    const format = FORMATS[kind];
    const rows = page.exportRows();
    const blob = await written(format, rows);
    const address = URL.createObjectURL(blob);
    const link = page.el("a", {
      href: address,
      download: `scan-${page.chosenCount ? "selection" : "results"}.${format.name}`,
    });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    page.say(`${page.plural(rows.length, "file")} exported`);
  };

  page.chosenChanged = () => {
    const many = page.chosenCount;
    const box = page.byId("picked");
    const only = page.el(
      "button",
      {
        type: "button",
        class: "plain",
        "aria-pressed": String(state.picked),
        on: {
          click: () => {
            state.picked = !state.picked;
            page.changed();
          },
        },
      },
      `${page.count(many)} selected`,
    );
    box.replaceChildren(...(many ? [only] : []));
    page.byId("pick-none").hidden = !many;
    page.byId("export-what").textContent = many
      ? `${page.plural(many, "selected file")}`
      : `All ${page.plural(results.rows.length, "file")} listed`;
    page.repaint();
  };
}
