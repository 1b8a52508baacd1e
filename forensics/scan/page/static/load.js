"use strict";
// Data files come as scripts, for a page on disk can load nothing else. Each calls `arrived` once.
{
  const page = globalThis.forensicsPage;
  const KEPT = { index: 0, texts: Infinity, rows: 48, previews: 160, details: 8 };
  const caches = {};
  const waiting = new Map();
  const FILE = /^data\/[a-z]+-\d{5,}\.js$/;

  // Where the browser knows trusted types, no other code of the page can name a script.
  const policy = globalThis.trustedTypes?.createPolicy("forensics-data", {
    createScriptURL: (address) => {
      if (!FILE.test(address)) throw new TypeError(`no data file: ${address}`);
      return address;
    },
  });

  page.arrived = (kind, number, text) => {
    waiting.get(`${kind}-${number}`)?.(text);
  };

  const read = (kind, number) =>
    new Promise((resolve, reject) => {
      const key = `${kind}-${number}`;
      const address = `data/${kind}-${String(number).padStart(5, "0")}.js`;
      const script = document.createElement("script");
      const done = () => {
        waiting.delete(key);
        script.remove();
      };
      waiting.set(key, (text) => {
        done();
        resolve(text);
      });
      script.nonce = page.nonce;
      script.addEventListener("error", () => {
        done();
        reject(new Error(`${address} cannot be read`));
      });
      script.src = policy ? policy.createScriptURL(address) : address;
      document.head.append(script);
    });

  const inflate = async (text) => {
    const bytes = Uint8Array.fromBase64
      ? Uint8Array.fromBase64(text)
      : Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  };

  /** Return pictures by row; what does not begin like a JPEG is left out. */
  const pictures = (text) => {
    const found = new Map();
    for (const piece of text.split(";")) {
      const [row, body] = piece.split(":");
      if (/^\/9j\/[A-Za-z0-9+/]+=*$/.test(body)) found.set(Number(row), `data:image/jpeg;base64,${body}`);
    }
    return found;
  };

  const decode = async (kind, text) => {
    if (kind === "previews") return pictures(text);
    const content = await inflate(text);
    return kind === "index" ? content : JSON.parse(new TextDecoder().decode(content));
  };

  /** Return a promise of what a file holds; `ready` is its value once it is there. */
  page.load = (kind, number) => {
    const cache = (caches[kind] ??= new Map());
    let entry = cache.get(number);
    if (entry) cache.delete(number);
    else {
      entry = { ready: null };
      entry.promise = read(kind, number)
        .then((text) => decode(kind, text))
        .then((value) => {
          entry.ready = value;
          return value;
        });
      entry.promise.catch(() => cache.delete(number));
    }
    cache.set(number, entry);
    if (cache.size > KEPT[kind]) {
      const oldest = [...cache.keys()].find((key) => key !== number && cache.get(key).ready);
      if (oldest !== undefined) cache.delete(oldest);
    }
    return entry;
  };
}
