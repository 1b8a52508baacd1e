"use strict";
// What the panel says of a file, part by part: the verdict and why, then the evidence, then the numbers.
{
  const page = globalThis.forensicsPage;
  const { code, el, facts, section, state, store } = page;
  page.mostMates = 12;

  const verdict = (record, detail) => {
    const reasons = detail?.reasons ?? [];
    const ok = record.state === "ok";
    return el(
      "section",
      { class: "verdict" },
      ok
        ? page.chip(record.verdict ?? "")
        : el("span", { class: "chip v-none" }, el("i", { "aria-hidden": "true" }, "–"), record.state),
      record.because ? el("p", { class: "because" }, record.because) : null,
      record.reason ? el("p", {}, el("code", {}, record.reason), " ", record.message ?? "") : null,
      reasons.length ? el("ol", {}, ...reasons.map((reason) => el("li", {}, reason))) : null,
    );
  };

  const contradictions = (record, detail) => {
    const whole = detail?.contradictions ?? [];
    if (whole.length) {
      return section(
        "Contradictions",
        el(
          "ul",
          { class: "contradictions" },
          ...whole.map((one) =>
            el(
              "li",
              {},
              el("b", {}, page.words(one.name)),
              one.decisive ? " (decisive)" : "",
              el("div", {}, one.summary),
              ...one.sides.map(([source, text]) =>
                el("small", { class: "side" }, `${page.words(source)}: ${text}`),
              ),
            ),
          ),
        ),
      );
    }
    const names = record.contradictions ?? [];
    return names.length
      ? section("Contradictions", el("ul", {}, ...names.map((name) => el("li", {}, page.words(name)))))
      : null;
  };

  const credentials = (record, detail) => {
    const brief = facts([
      ["state", page.words(record.credential_state ?? "")],
      ["chain", record.credential_chain],
      ["signer", record.signer],
      ["issuer", record.issuer],
      ["trust list", record.trust_list],
      ["made with", record.generator],
      ["says of models", record.ai_signal],
      ["codes", code((record.credential_codes ?? []).join(", "))],
    ]);
    if ((record.credential_state ?? "none") === "none" && !detail?.credentials.branches.length) return null;
    return section("Content Credentials", brief, ...(detail ? page.chain(detail.credentials) : []));
  };

  const watermark = (record) =>
    record.watermark
      ? section(
          "Watermark",
          facts([
            ["finding", code(record.watermark)],
            ["key", record.watermark_key],
            ["payload", code(record.watermark_payload)],
            ["p-value", Number.isFinite(record.watermark_p) ? record.watermark_p.toPrecision(2) : ""],
          ]),
        )
      : null;

  const matches = (record) =>
    (record.matches ?? []).length
      ? section(
          "Matches on lists of hashes",
          el(
            "ul",
            {},
            ...record.matches.map((one) =>
              el(
                "li",
                {},
                el("b", {}, one.list),
                ` by ${one.kind}`,
                one.distance ? `, ${page.plural(one.distance, "bit")} differ` : "",
                one.label ? `: ${one.label}` : "",
                el("div", {}, el("code", {}, one.value)),
              ),
            ),
          ),
        )
      : null;

  const near = (row, record) => {
    const number = store.columns.cluster[row];
    const first = record.duplicate_of
      ? el("p", {}, "The same bytes as ", el("code", {}, record.duplicate_of))
      : null;
    const mates = store.mates(row);
    if (!mates.length) return first ? section("Duplicates", first) : null;
    const rows = mates.slice(0, page.mostMates);
    const open = (other) => () => {
      state.open = other;
      page.activate(other);
      page.writeHash();
      page.showPanel();
    };
    const links = rows.map((other) =>
      el(
        "button",
        { type: "button", class: "near", on: { click: open(other) } },
        page.picture(other),
        el("span", {}, page.split(store.text(other)?.[0] ?? `file ${other + 1}`)[0]),
        page.chip(store.name("verdict", other)),
      ),
    );
    const list = el(
      "button",
      {
        type: "button",
        on: {
          click: () => {
            page.clearFilters();
            state.cluster = number;
            page.changed();
          },
        },
      },
      `List all ${page.count(mates.length + 1)}`,
    );
    return section("Near-duplicates", first, el("div", { class: "nears" }, ...links), list);
  };

  const file = (record) =>
    section(
      "File",
      facts([
        ["name", el("span", { class: "id" }, record.id)],
        ["source", record.source],
        ["format", [record.format, record.kind].filter(Boolean).join(", ")],
        ["size", record.width ? `${record.width} × ${record.height}` : ""],
        ["duration", record.duration ? `${record.duration.toFixed(1)} s` : ""],
        ["bytes", page.count(record.bytes ?? 0)],
        ["last change", page.date(record.modified ?? 0, true)],
        ["name fits content", record.name_matches === false ? "no" : ""],
        ["sha256", code(record.sha256)],
        ["md5", code(record.md5)],
        ["PDQ", code(record.pdq)],
        ["PDQ quality", record.pdq_quality],
        ["DCT code", code(record.dct)],
      ]),
    );

  const run = (record, detail) => {
    const problems = detail?.problems.map((one) => `${one.where}: ${one.message}`) ?? record.problems ?? [];
    const steps = (record.timings ?? []).map((one) => `${one.step} ${one.seconds.toFixed(3)} s`).join(", ");
    return section(
      "How it was audited",
      problems.length ? el("ul", {}, ...problems.map((text) => el("li", {}, text))) : null,
      facts([
        ["profile", record.profile],
        ["last stage", record.stage || ""],
        ["attempts", (record.attempts ?? 1) > 1 ? String(record.attempts) : ""],
        ["seconds", (record.seconds ?? 0).toFixed(3)],
        ["steps", steps],
        ["suite", record.suite_version],
        ["models", code(record.models)],
      ]),
    );
  };

  /** Everything about a row; `detail` is null where only the row was kept. */
  page.sections = (row, record, detail, address) =>
    [
      verdict(record, detail),
      page.pictures(address, record, detail),
      contradictions(record, detail),
      matches(record),
      page.evidence(record, detail),
      page.sums(record, detail),
      credentials(record, detail),
      watermark(record),
      near(row, record),
      file(record),
      run(record, detail),
    ].filter(Boolean);
}
