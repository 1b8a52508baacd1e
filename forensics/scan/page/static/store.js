"use strict";
// The columns of all rows in memory, and the rest of a row when somebody looks at it.
{
  const page = globalThis.forensicsPage;
  const meta = page.meta;
  const TYPES = { d: Float64Array, f: Float32Array, I: Uint32Array, H: Uint16Array, B: Uint8Array };
  const columns = {};
  for (const [key, type] of meta.layout) columns[key] = new TYPES[type](meta.rows);

  // What can be asked of every file, as one more set of names.
  const TRAITS = [
    "name does not fit the content",
    "exact duplicate",
    "has near-duplicates",
    "details kept",
    "preview",
  ];
  columns.traits = new Uint8Array(meta.rows);
  meta.sets.traits = {
    names: TRAITS,
    groups: Array.from({ length: 32 }, (_, bits) =>
      TRAITS.map((_name, i) => i).filter((i) => bits & (1 << i)),
    ),
  };

  const store = { columns, loaded: 0, rows: meta.rows };
  page.store = store;

  const take = (buffer) => {
    const width = meta.layout.reduce((sum, [, type]) => sum + TYPES[type].BYTES_PER_ELEMENT, 0);
    const count = buffer.byteLength / width;
    const first = store.loaded;
    let offset = 0;
    for (const [key, type] of meta.layout) {
      columns[key].set(new TYPES[type](buffer, offset, count), first);
      offset += count * TYPES[type].BYTES_PER_ELEMENT;
    }
    for (let row = first; row < first + count; row += 1) {
      columns.traits[row] =
        columns.flags[row] |
        (columns.cluster[row] ? 4 : 0) |
        (columns.detail[row] ? 8 : 0) |
        (columns.preview[row] ? 16 : 0);
    }
    store.loaded = first + count;
  };

  /** Read all columns, and call back after each file. */
  store.fill = async (changed) => {
    for (let number = 0; number < meta.files.index; number += 1) {
      take(await page.load("index", number).promise);
      changed();
      await new Promise((resolve) => setTimeout(resolve));
    }
  };

  store.name = (key, row) => meta.dictionaries[key][columns[key][row]];
  store.group = (key, row) => {
    const { names, groups } = meta.sets[key];
    return groups[columns[key][row]].map((code) => names[code]);
  };

  /** Return [id, signer] if they were read; else have them read and return null. */
  store.text = (row) => {
    const size = meta.sizes.texts;
    const entry = page.load("texts", Math.floor(row / size));
    if (entry.ready) return entry.ready[row % size];
    entry.promise.then(() => page.repaint(), page.failed);
    return null;
  };

  /** Read the names of all rows. */
  store.allTexts = async (progress) => {
    for (let number = 0; number < meta.files.texts; number += 1) {
      await page.load("texts", number).promise;
      progress?.((number + 1) / meta.files.texts);
    }
  };

  /** Return the address of a preview, "" if there is none, null while it is being read. */
  store.preview = (row) => {
    const file = columns.preview[row];
    if (!file) return "";
    const entry = page.load("previews", file - 1);
    if (entry.ready) return entry.ready.get(row) ?? "";
    entry.promise.then(() => page.repaint(), page.failed);
    return null;
  };

  /** Return the other rows of the cluster of near-duplicates of a row. */
  store.mates = (row) => {
    const codes = columns.cluster;
    const found = [];
    for (let other = 0; codes[row] && other < store.loaded; other += 1) {
      if (codes[other] === codes[row] && other !== row) found.push(other);
    }
    return found;
  };

  store.record = async (row) => {
    const size = meta.sizes.rows;
    return (await page.load("rows", Math.floor(row / size)).promise)[row % size];
  };

  store.detail = async (row) => {
    const file = columns.detail[row];
    return file ? (await page.load("details", file - 1).promise)[row] : null;
  };
}
