"use strict";
// The chain of Content Credentials, as a tree.
{
  const page = globalThis.forensicsPage;
  const { el } = page;

  const signed = (manifest) => {
    if (!manifest.signer) return null;
    const known = manifest.trusted ? "trusted" : "not known to the policy";
    const by = [manifest.issuer && `issuer ${manifest.issuer}`, manifest.algorithm, known]
      .filter(Boolean)
      .join(", ");
    return el("div", {}, `signed by ${manifest.signer} `, el("small", {}, `(${by})`));
  };

  const time = (manifest) => {
    if (!manifest.time) return null;
    const clock = manifest.time_trusted
      ? "time stamp trusted"
      : "by the signer's own clock or an unknown authority";
    return el("small", {}, `at ${manifest.time} (${clock})`);
  };

  const actions = (manifest) =>
    manifest.actions.length
      ? el(
          "ul",
          { class: "actions" },
          ...manifest.actions.map(([name, source, created]) =>
            el(
              "li",
              {},
              el("code", {}, name),
              source ? el("small", {}, ` ${source}`) : null,
              created ? null : el("small", {}, " (gathered)"),
            ),
          ),
        )
      : null;

  const kind = (branch) => {
    if (branch.failed.length || (branch.manifest && !branch.manifest.intact)) return "failed";
    return branch.manifest?.trusted ? "trusted" : "unknown";
  };

  const WORDS = { failed: "fails", trusted: "trusted", unknown: "not vouched for" };

  const drawn = (branch) => {
    const { manifest } = branch;
    const item = el(
      "li",
      { class: `manifest ${kind(branch)}`, "aria-level": String(branch.depth + 1) },
      el(
        "div",
        {},
        el("b", {}, manifest?.title || branch.title || "untitled"),
        el("small", {}, ` ${branch.relationship}, ${WORDS[kind(branch)]}`),
      ),
      ...(manifest
        ? [
            signed(manifest),
            time(manifest),
            manifest.generator ? el("small", {}, `made with ${manifest.generator}`) : null,
            actions(manifest),
          ]
        : []),
      branch.note ? el("small", {}, branch.note) : null,
      branch.failed.length ? el("strong", {}, `fails: ${branch.failed.join(", ")}`) : null,
    );
    item.style.marginInlineStart = `${branch.depth * 1.2}rem`;
    return item;
  };

  /** The credentials of a detail, whole. */
  page.chain = (credentials) =>
    [
      credentials.message ? el("p", {}, credentials.message) : null,
      credentials.branches.length ? el("ul", { class: "chain" }, ...credentials.branches.map(drawn)) : null,
      credentials.failures.length
        ? el("p", {}, "Failure codes: ", el("code", {}, credentials.failures.join(", ")))
        : null,
      credentials.remote_url
        ? el("p", {}, "It names an address, which was not fetched: ", el("code", {}, credentials.remote_url))
        : null,
    ].filter(Boolean);
}
