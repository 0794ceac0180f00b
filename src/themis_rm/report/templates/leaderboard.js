"use strict";
(() => {
  // ---------------------------------------------------------------- data
  const data = JSON.parse(document.getElementById("board").textContent);
  const LOST = 0, TIED = 1, WON = 2, FAILED = 3, MISSING = 4;
  const WORDS = ["wrong", "tie", "right", "failed", "missing"], CLASSES = ["lost", "tied", "won", "failed", "missing"];
  const { entries, scored, slices, pairs } = data;
  const ids = decodeFront(pairs.ids);
  const outcomes = pairs.outcomes.map((packed) => unpack(packed, ids.length));
  const KINDS = { criterion: data.criteria, language: data.languages };
  const NAMES = { criterion: pairs.criteria, language: pairs.languages, subset: pairs.subsets };
  const state = { slice: 0, strict: false, a: 0, b: scored > 1 ? 1 : -1, sort: "accuracy", down: true, filter: "", heat: "a", which: "all", find: "", page: 0 };
  const PAGE = 25;

  function decodeFront(coded) {
    let before = "";
    return coded.map((item) => {
      const colon = item.indexOf(":");
      before = before.slice(0, Number(item.slice(0, colon))) + item.slice(colon + 1);
      return before;
    });
  }

  function unpack(packed, size) {
    const found = new Uint8Array(size + 1);
    for (let i = 0; i < packed.length; i++) {
      const code = packed.charCodeAt(i) - 97;
      found[2 * i] = Math.floor(code / 5);
      found[2 * i + 1] = code % 5;
    }
    return found.subarray(0, size);
  }

  function memoize(compute) {
    const cache = new Map();
    return (key) => {
      if (!cache.has(key)) cache.set(key, compute(key));
      return cache.get(key);
    };
  }

  /** Indices of the pairs of a slice. */
  const members = memoize((index) => {
    const slice = slices[index];
    if (slice.kind === "length-matched") return pairs.matched;
    const wanted = ["criterion", "language", "subset"].filter((name) => slice[name]).map((name) => [pairs[name], NAMES[name].indexOf(slice[name])]);
    const found = [];
    for (let i = 0; i < ids.length; i++) if (wanted.every(([codes, code]) => codes[i] === code)) found.push(i);
    return found;
  });

  /** How the table splits a slice: a criterion or a subset by language, anything else by criterion. */
  function breakdown(index) {
    const kind = slices[index].kind;
    return kind === "cell" ? null : kind === "criterion" || kind === "subset" ? "language" : "criterion";
  }

  /** Per scored model and part of the breakdown: [won, tied, present]. */
  const parts = memoize((index) => {
    const kind = breakdown(index);
    if (!kind) return null;
    const of = new Map(KINDS[kind].map((row, place) => [NAMES[kind].indexOf(row.key), place]));
    return outcomes.map((row) => {
      const found = KINDS[kind].map(() => [0, 0, 0]);
      for (const i of members(index)) {
        if (row[i] === MISSING) continue;
        const part = found[of.get(pairs[kind][i])];
        if (!part) continue; // another criterion or language
        part[0] += row[i] === WON;
        part[1] += row[i] === TIED;
        part[2] += 1;
      }
      return found;
    });
  });

  const share = (won, tied, n) => (n ? (state.strict ? won : won + tied / 2) / n : null);
  const tests = () => data.tests.find((item) => item.slice === slices[state.slice].key)?.[state.strict ? "strict" : "half"];

  /** Figures of one entry in a slice; a reference entry has only a strict accuracy. */
  function figures(entry, slice = state.slice) {
    if (entry >= scored) return { value: data.reference_strict[entry - scored][slice], low: null, high: null, reference: true };
    const of = data.accuracies, at = (name) => of[name][entry][slice];
    const ends = state.strict ? ["strict_low", "strict_high"] : ["low", "high"];
    const found = { n: at("n"), wins: at("wins"), ties: at("ties"), failed: at("failed"), missing: at("missing") };
    found.measured = found.n > found.failed; // without any score there is no accuracy
    return { ...found, value: found.measured ? share(found.wins, found.ties, found.n) : null, low: at(ends[0]), high: at(ends[1]), tieRate: found.measured ? found.ties / found.n : null };
  }

  /** Number of pairs with each combination of outcomes of two models, over the given indices that both models have. */
  function joint(a, b, rows) {
    const counts = [[0, 0, 0], [0, 0, 0], [0, 0, 0]];
    let unshared = 0, n = 0;
    for (const i of rows) {
      const one = outcomes[a][i], two = outcomes[b][i];
      if (one === MISSING || two === MISSING) unshared += one !== two;
      else {
        counts[one % 3][two % 3] += 1; // a failed pair (3) counts as lost (0)
        n += 1;
      }
    }
    const sum = (weight) => counts.reduce((all, row, x) => all + row.reduce((some, count, y) => some + count * weight(x, y), 0), 0);
    const onlyA = sum((x, y) => x === WON && y !== WON), onlyB = sum((x, y) => y === WON && x !== WON);
    const gap = n ? (state.strict ? onlyA - onlyB : sum((x, y) => x - y) / 2) / n : null;
    return { counts, n, unshared, onlyA, onlyB, gap };
  }

  /** The test of model a against model b in a slice; null if the slice is not tested. */
  function findTest(a, b, key) {
    const item = data.tests.find((found) => found.slice === key)?.[state.strict ? "strict" : "half"];
    if (!item || a === b) return null;
    const [i, j] = a < b ? [a, b] : [b, a];
    const place = i * scored - (i * (i + 1)) / 2 + (j - i - 1);
    if (item.low[place] === null) return null;
    const [low, high] = [item.low[place] / 1e5, item.high[place] / 1e5];
    return { low: a < b ? low : -high, high: a < b ? high : -low, p: item.p[place], holm: item.holm[place] };
  }

  // ---------------------------------------------------------------- formatting
  const $ = (id) => document.getElementById(id);
  const esc = (text) => String(text).replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
  const missing = (x) => x === null || x === undefined || Number.isNaN(x);
  const count = (x) => (missing(x) ? "–" : x.toLocaleString("en-GB"));
  const pct = (x, digits = 1) => (missing(x) ? "–" : (100 * x).toFixed(digits).replace("-", "−"));
  const signed = (x, digits = 1) => (missing(x) ? "–" : (x > 0 ? "+" : "") + pct(x, digits));
  const pValue = (p) => (missing(p) ? "–" : p < 1e-4 ? "< 0.0001" : p > 0.9995 ? "1" : p.toFixed(p < 0.1 ? 4 : 3));
  const interval = (f) => (missing(f.low) ? "no interval" : `${pct(f.low)}–${pct(f.high)}`);
  const billions = (x) => (missing(x) ? "–" : `${x} B`);
  const title = (slice) => {
    if (slice.kind === "all") return "all pairs";
    if (slice.kind === "length-matched") return "length-matched pairs";
    const named = (kind) => KINDS[kind].find((row) => row.key === slice[kind])?.title;
    return slice.subset || [named("criterion"), named("language")].filter(Boolean).join(" in ");
  };

  function describe(entry) {
    const f = figures(entry), e = entries[entry];
    if (f.reference) return `${e.name}\n${pct(f.value)} % strict (published, without pair scores)\n${billions(e.parameters)} parameters`;
    const lines = [e.name, `${pct(f.value)} % (${data.level} interval ${interval(f)}), n = ${count(f.n)}`, `ties ${pct(f.tieRate)} %, failed ${count(f.failed)}, missing ${count(f.missing)}`];
    if (!missing(e.parameters)) lines.push(`${billions(e.parameters)} parameters${e.series ? `, ${e.series}` : ""}`);
    return lines.join("\n");
  }

  /** Entries with a figure in the slice, best first; equal ones in their original order. */
  const ranked = () =>
    entries.map((_, entry) => entry).filter((entry) => !missing(figures(entry).value)).sort((x, y) => figures(y).value - figures(x).value || x - y);

  const strictShare = (f) => (f.reference ? f.value : f.measured ? f.wins / f.n : null);

  const marks = (entry) => `data-m="${entry}" class="mark${entry >= scored ? " open" : ""}`;

  // ---------------------------------------------------------------- the table
  function columns() {
    const f = (entry) => figures(entry), t = tests(), kind = breakdown(state.slice), split = parts(state.slice);
    const rank = (entry) => (t && entry < scored && f(entry).measured ? t.ranks[entry] : null);
    const letters = (entry) => (t && entry < scored ? t.letters[entry] : "");
    const hint = (name) => data.columns[name];
    const left = [
      { key: "model", label: "model", hint: hint("model"), text: true, value: (e) => entries[e].name, cell: modelCell, css: "text model" },
      { key: "rank", label: "rank", hint: hint("rank"), value: (e) => rank(e) && rank(e)[0] + rank(e)[1] / 1000, cell: (e) => (rank(e) ? [...new Set(rank(e))].join("–") : "–") },
      { key: "accuracy", label: "accuracy", hint: `${hint("accuracy")} In percent.`, down: true, value: (e) => f(e).value, cell: (e) => pct(f(e).value), css: "value" },
      { key: "interval", label: "low–high", hint: "Confidence interval of the accuracy, in percent; sorts by its lower end.", down: true, value: (e) => f(e).low, cell: whisker, css: "whisker", axis: true },
      { key: "group", label: "group", hint: hint("group"), text: true, value: (e) => letters(e) || null, cell: (e) => esc(letters(e)) || "–" },
    ];
    const last = [
      { key: "strict", label: "strict", hint: `${hint("strict")} In percent.`, down: true, value: (e) => strictShare(f(e)), cell: (e) => pct(strictShare(f(e))) },
      { key: "tie_rate", label: "tie_rate", hint: `${hint("tie_rate")} In percent.`, down: true, value: (e) => f(e).tieRate, cell: (e) => pct(f(e).tieRate) },
      { key: "failed", label: "failed", hint: hint("failed"), down: true, value: (e) => f(e).failed, cell: (e) => count(f(e).failed) },
      { key: "missing", label: "missing", hint: hint("missing"), down: true, value: (e) => f(e).missing, cell: (e) => count(f(e).missing) },
      { key: "n", label: "n", hint: hint("n"), down: true, value: (e) => f(e).n, cell: (e) => count(f(e).n) },
      { key: "parameters", label: "parameters", hint: hint("parameters"), value: (e) => entries[e].parameters, cell: (e) => (missing(entries[e].parameters) ? "–" : entries[e].parameters) },
      { key: "series", label: "series", hint: hint("series"), text: true, value: (e) => entries[e].series || null, cell: (e) => `<span title="${esc(entries[e].series)}">${esc(entries[e].series) || "–"}</span>`, css: "text series" },
    ];
    if (!data.accuracies.missing.some((row) => row[0])) last.splice(3, 1);
    if (!kind) return { left, right: [], last, kind };
    const part = (e, place) => (e < scored ? share(...split[e][place]) : referencePart(e, KINDS[kind][place].key));
    const there = KINDS[kind].map((row, place) => ({ row, place })).filter(({ place }) => split.some((found) => found[place][2]));
    const macro = (e) => {
      const values = there.map(({ place }) => part(e, place));
      return values.some(missing) ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    const right = there.map(({ row, place }) => ({ key: row.key, label: row.short, hint: row.title, down: true, value: (e) => part(e, place), cell: (e) => pct(part(e, place)) }));
    if (right.length > 1) right.push({ key: "macro", label: "macro", hint: `Mean over ${kind === "criterion" ? "criteria" : "languages"}, each with the same weight.`, down: true, value: macro, cell: (e) => pct(macro(e)) });
    if (right.length) right[0].css = last[0].css = "first";
    return { left, right, last, kind };
  }

  /** A published figure of a part: only criteria over all pairs have one. */
  function referencePart(entry, key) {
    if (state.slice !== 0) return null;
    const column = slices.findIndex((slice) => slice.key === key);
    return column < 0 ? null : data.reference_strict[entry - scored][column];
  }

  function modelCell(entry) {
    const e = entries[entry];
    const button = (side) => `<button type="button" data-pick="${side}" aria-pressed="false" aria-label="Choose ${esc(e.name)} as ${side.toUpperCase()}">${side.toUpperCase()}</button>`;
    const tags = [e.kind === "baseline" && "baseline", e.kind === "reference" && "published", e.judge === "generative" && "generative", e.prompts && `prompts: ${e.prompts}`].filter(Boolean);
    const pick = entry < scored && scored > 1 ? button("a") + button("b") : scored > 1 ? "<i></i>" : "";
    return `<span class="pick">${pick}</span><b title="${esc(e.name)}">${esc(e.name)}</b>${tags.map((tag) => `<span class="tag">${esc(tag)}</span>`).join("")}`;
  }

  /** Ends of the scale of the intervals: the same for all models of a slice. */
  function scale() {
    const all = entries.map((_, entry) => figures(entry)).flatMap((f) => [f.low, f.high, f.value]).filter((x) => !missing(x));
    const low = Math.min(0.5, Math.floor(10 * Math.min(...all)) / 10), high = Math.max(Math.ceil(10 * Math.max(...all)) / 10, low + 0.2);
    return { low, high, at: (x) => (x - low) / (high - low) };
  }

  function whisker(entry, { at } = scale()) {
    const f = figures(entry);
    if (missing(f.value)) return "–";
    const place = (x) => `${(100 * at(x)).toFixed(1)}%`;
    const line = missing(f.low) ? "" : `<i style="left:${place(f.low)};width:${(100 * (at(f.high) - at(f.low))).toFixed(1)}%"></i>`;
    return `<span class="spread"><small>${missing(f.low) ? "" : interval(f)}</small><span class="track" style="--half:${place(0.5)}" data-tip="${esc(describe(entry))}">${line}<b${f.reference ? ' class="open"' : ""} style="left:${place(f.value)}"></b></span></span>`;
  }

  let order = entries.map((_, entry) => entry);

  const flat = ({ left, right, last }) => [...left, ...right, ...last];

  function drawTable() {
    const found = columns(), { left, right, last, kind } = found, all = flat(found), ends = scale(), slice = slices[state.slice];
    if (!all.some((column) => column.key === state.sort)) Object.assign(state, { sort: "accuracy", down: true });
    const over = right.length ? `<tr class="over"><th colspan="${left.length}"></th><th class="spread first" colspan="${right.length}" scope="colgroup">accuracy by ${kind}${slice.kind === "all" ? "" : `, ${esc(title(slice))}`}</th><th class="first" colspan="${last.length}"></th></tr>` : "";
    const heads = all.map((column) => {
      const axis = column.axis ? `<span class="axis" aria-hidden="true"><span>${pct(ends.low, 0)}</span><span>${pct(ends.high, 0)}</span></span>` : "";
      return `<th scope="col" data-key="${esc(column.key)}" class="${column.css ?? ""}${column.text ? " text" : ""}"${column.hint ? ` title="${esc(column.hint)}"` : ""}><button type="button">${esc(column.label)}</button>${axis}</th>`;
    });
    const rows = entries.map((e, entry) => {
      const cells = all.map((column) => `<td class="${column.css ?? ""}${column.text && !column.css ? " text" : ""}">${column.cell(entry, column.axis ? ends : undefined)}</td>`);
      return `<tr data-m="${entry}" class="${e.kind}">${cells.join("")}</tr>`;
    });
    $("board-table").tHead.innerHTML = `${over}<tr>${heads.join("")}</tr>`;
    $("board-table").tBodies[0].innerHTML = rows.join("");
    sortTable(all);
  }

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  /** Sort stably: equal rows keep their order, and rows without a figure are last in both directions. */
  function sortTable(all = flat(columns())) {
    const column = all.find((found) => found.key === state.sort), direction = state.down ? -1 : 1;
    const values = entries.map((_, entry) => column.value(entry));
    order.sort((x, y) => {
      const [one, two] = [values[x], values[y]];
      if (missing(one) || missing(two)) return missing(one) - missing(two);
      return direction * (typeof one === "string" ? collator.compare(one, two) : one - two);
    });
    const body = $("board-table").tBodies[0], rows = new Map([...body.rows].map((row) => [Number(row.dataset.m), row]));
    for (const entry of order) body.append(rows.get(entry));
    for (const head of $("board-table").tHead.querySelectorAll("th[data-key]")) {
      if (head.dataset.key === state.sort) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    filterTable();
  }

  function filterTable() {
    const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of $("board-table").tBodies[0].rows) {
      const e = entries[row.dataset.m], text = [e.name, e.series, e.kind, e.judge, e.hub, e.prompts].join(" ").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    $("shown").textContent = `${shown} of ${entries.length} models`;
  }

  function sortBy(key) {
    const column = flat(columns()).find((found) => found.key === key);
    Object.assign(state, { sort: key, down: state.sort === key ? !state.down : Boolean(column.down) });
    sortTable();
  }

  function toCsv() {
    const all = flat(columns());
    const quoted = (x) => (missing(x) ? "" : /[",\n]/.test(x) ? `"${String(x).replaceAll('"', '""')}"` : x);
    const rank = (entry) => (tests() && entry < scored ? tests().ranks[entry].join("-") : "");
    const heads = all.flatMap((column) => (column.key === "interval" ? ["low", "high"] : [column.key]));
    const lines = order.map((entry) => all.flatMap((column) => {
      if (column.key === "interval") return [quoted(figures(entry).low), quoted(figures(entry).high)];
      return [column.key === "rank" ? rank(entry) : quoted(column.value(entry))];
    }).join(","));
    return [heads.map(quoted).join(","), ...lines].join("\n") + "\n";
  }

  function download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([toCsv()], { type: "text/csv" }));
    link.download = `leaderboard-${slices[state.slice].key.replaceAll("/", "-")}-${state.strict ? "strict" : "ties-half"}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // ---------------------------------------------------------------- plots of all models
  const ROW = 19, HEAD = 26;
  const pen = document.createElement("canvas").getContext("2d");
  const textWidth = (text) => {
    pen.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    return pen.measureText(text).width;
  };

  /** Shorten a text to a width in pixels. */
  function fitText(text, width) {
    let short = text;
    while (short.length > 4 && textWidth(short === text ? text : `${short}…`) > width) short = short.slice(0, -1);
    return short === text ? text : `${short}…`;
  }

  const svg = (width, height, label, inside) =>
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="${esc(label)}" tabindex="0">${inside}</svg>`;

  function drawIntervals() {
    const box = $("intervals"), width = Math.max(300, box.clientWidth), rows = ranked(), t = tests(), ends = scale();
    const wide = width > 640, numbers = wide ? 84 : 0;
    const left = Math.min(250, 0.43 * width), right = numbers + (t ? Math.min(76, 0.17 * width) : 12), x = (v) => left + ends.at(v) * (width - left - right);
    const height = HEAD + ROW * rows.length + 20, parts = [];
    for (let tick = ends.low; tick < ends.high + 0.01; tick += 0.1) {
      const at = x(tick).toFixed(1), half = Math.abs(tick - 0.5) < 0.01;
      parts.push(`<line class="${half ? "half" : "grid"}" x1="${at}" x2="${at}" y1="${HEAD - 6}" y2="${height - 18}"/>`);
      for (const y of [HEAD - 11, height - 4]) parts.push(`<text class="tick" x="${at}" y="${y}" text-anchor="middle">${pct(tick, 0)}</text>`);
    }
    rows.forEach((entry, place) => {
      const f = figures(entry), y = HEAD + ROW * (place + 0.5), name = entries[entry].name;
      const line = missing(f.low) ? "" : `<line x1="${x(f.low).toFixed(1)}" x2="${x(f.high).toFixed(1)}" y1="${y}" y2="${y}"/>`;
      const letters = t && entry < scored ? `<text x="${width - right + numbers + 10}" y="${y + 4}" class="soft">${esc(t.letters[entry])}</text>` : "";
      const numbersText = wide && !missing(f.low) ? `<text x="${width - right + numbers}" y="${y + 4}" class="soft" text-anchor="end">${interval(f)}</text>` : "";
      parts.push(`<g ${marks(entry)}" data-tip="${esc(describe(entry))}"><rect class="hit" x="0" y="${y - ROW / 2}" width="${width}" height="${ROW}"/><text class="name" x="${left - 12}" y="${y + 4}" text-anchor="end">${esc(fitText(name, left - 14))}</text>${line}<circle cx="${x(f.value).toFixed(1)}" cy="${y}" r="3.5"/>${numbersText}${letters}</g>`);
    });
    box.innerHTML = svg(width, height, `Accuracy of ${rows.length} models with intervals, ${title(slices[state.slice])}`, parts.join(""));
  }

  function drawUndecided() {
    const box = $("undecided"), width = Math.max(300, box.clientWidth), wideScreen = matchMedia("(min-width: 1000px)").matches;
    const some = (f) => !f.reference && f.ties + f.failed + f.missing > 0;
    const rows = ranked().filter((entry) => wideScreen || some(figures(entry))), decided = scored - ranked().filter((entry) => some(figures(entry))).length;
    $("undecided-words").textContent = `${decided} of ${scored} models have no ties, failures or missing pairs.`;
    const left = wideScreen ? 8 : Math.min(250, 0.43 * width), right = 92, shares = (f) => [f.ties, f.failed, f.missing].map((k) => k / (f.n + f.missing));
    const widest = Math.max(0.1, ...rows.filter((entry) => entry < scored).map((entry) => shares(figures(entry)).reduce((a, b) => a + b, 0)));
    const top = Math.ceil(widest * 10) / 10, x = (v) => (v / top) * (width - left - right), height = HEAD + ROW * rows.length + 20, parts = [];
    for (const tick of [0, top / 2, top]) {
      const at = (left + x(tick)).toFixed(1);
      parts.push(`<line class="grid" x1="${at}" x2="${at}" y1="${HEAD - 6}" y2="${height - 18}"/><text class="tick" x="${at}" y="${HEAD - 11}" text-anchor="${tick ? "middle" : "start"}">${pct(tick, 0)}${tick ? "" : " %"}</text>`);
    }
    rows.forEach((entry, place) => {
      const f = figures(entry), y = HEAD + ROW * (place + 0.5);
      let from = left, bars = "", words = "–";
      if (!f.reference) {
        shares(f).forEach((part, kind) => {
          bars += part ? `<rect class="${["tied", "failed", "missing"][kind]}" x="${from.toFixed(1)}" y="${y - 5}" width="${Math.max(x(part), 1).toFixed(1)}" height="10"/>` : "";
          from += x(part);
        });
        words = [f.ties && `${pct(f.tieRate)} %`, f.failed && `${count(f.failed)} failed`, f.missing && `${count(f.missing)} missing`].filter(Boolean).join(", ") || "0";
      }
      const name = wideScreen ? "" : `<text class="name" x="${left - 12}" y="${y + 4}" text-anchor="end">${esc(fitText(entries[entry].name, left - 14))}</text>`;
      parts.push(`<g ${marks(entry)}" data-tip="${esc(describe(entry))}"><rect class="hit" x="0" y="${y - ROW / 2}" width="${width}" height="${ROW}"/>${name}${bars}<text class="soft" x="${(from + 6).toFixed(1)}" y="${y + 4}">${esc(words)}</text></g>`);
    });
    box.innerHTML = svg(width, height, "Ties, failures and missing pairs by model", parts.join(""));
  }

  // ---------------------------------------------------------------- accuracy against parameters
  const TONES = ["--c", "--d", "--e", "--f", "--g", "--h", "--i"];

  function drawSizes() {
    const box = $("sizes"), width = Math.max(300, box.clientWidth), height = Math.min(560, Math.max(360, 0.52 * width));
    const shown = ranked().filter((entry) => entries[entry].parameters > 0);
    $("sizes-section").hidden = $("sizes-link").hidden = !shown.length;
    if (!shown.length) return;
    const values = shown.flatMap((entry) => [figures(entry).low, figures(entry).high, figures(entry).value]).filter((v) => !missing(v));
    const floor = Math.floor(20 * Math.min(...values)) / 20, ceiling = Math.ceil(20 * Math.max(...values) + 0.2) / 20;
    const sizes = shown.map((entry) => entries[entry].parameters), least = Math.min(...sizes) / 1.25, most = Math.max(...sizes) * (width > 700 ? 1.9 : 1.35);
    const frame = { left: 40, right: 10, top: 12, bottom: 42, width, height };
    const x = (p) => frame.left + (Math.log(p / least) / Math.log(most / least)) * (width - frame.left - frame.right);
    const y = (v) => height - frame.bottom - ((v - floor) / (ceiling - floor)) * (height - frame.bottom - frame.top);
    const points = placePoints(shown, x, y);
    const series = [...new Set(shown.map((entry) => entries[entry].series).filter(Boolean))].filter((name) => shown.filter((entry) => entries[entry].series === name).length > 1).sort(collator.compare);
    const tone = (entry) => { const place = series.indexOf(entries[entry].series); return place < 0 ? "--soft" : TONES[place % TONES.length]; };
    const families = series.map((name) => {
      const own = points.filter((point) => entries[point.entry].series === name && joins(point.entry)).sort((p, q) => entries[p.entry].parameters - entries[q.entry].parameters);
      return own;
    }).filter((own) => own.length > 1);
    const lines = families.map((own) => `<polyline class="family" style="--tone:var(${tone(own[0].entry)})" points="${own.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(" ")}"/>`);
    const labels = placeLabels(points, frame, families);
    const dots = points.map((point) => {
      const f = figures(point.entry), label = labels.get(point.entry);
      const line = missing(f.low) ? "" : `<line x1="${point.x.toFixed(1)}" x2="${point.x.toFixed(1)}" y1="${y(f.low).toFixed(1)}" y2="${y(f.high).toFixed(1)}"/>`;
      const text = label ? `<text class="name" x="${label.x.toFixed(1)}" y="${label.y.toFixed(1)}" text-anchor="${label.anchor}">${esc(label.text)}</text>` : "";
      return `<g ${marks(point.entry)} dot" style="--tone:var(${tone(point.entry)})" data-tip="${esc(describe(point.entry))}">${line}<circle cx="${point.x.toFixed(1)}" cy="${point.y.toFixed(1)}" r="4.5"/>${text}</g>`;
    });
    box.innerHTML = svg(width, height, `Accuracy of ${shown.length} models against parameters`, axes(frame, x, y, [least, most], [floor, ceiling]) + lines.join("") + dots.join(""));
  }

  function axes(frame, x, y, [least, most], [floor, ceiling]) {
    const parts = [], { left, right, top, bottom, width, height } = frame, step = ceiling - floor > 0.35 ? 0.1 : 0.05;
    for (let v = Math.ceil(floor / step - 1e-6) * step; v <= ceiling + 1e-6; v += step) {
      const at = y(v).toFixed(1), half = Math.abs(v - 0.5) < 1e-6;
      parts.push(`<line class="${half ? "half" : "grid"}" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text class="tick" x="${left - 6}" y="${Number(at) + 4}" text-anchor="end">${pct(v, 0)}</text>`);
    }
    for (const p of [0.1, 0.3, 0.6, 1, 2, 4, 8, 16, 32, 70, 140, 300]) {
      if (p < least || p > most) continue;
      const at = x(p).toFixed(1);
      parts.push(`<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}"/><text class="tick" x="${at}" y="${height - bottom + 16}" text-anchor="middle">${p}</text>`);
    }
    parts.push(`<text class="tick" x="${width - right}" y="${height - 6}" text-anchor="end">parameters, billions (log scale)</text><text class="tick" x="4" y="${top - 2}">%</text>`);
    return parts.join("");
  }

  /** A published strict accuracy of a model with ties is not comparable with accuracies with ties half. */
  const joins = (entry) => state.strict || entry < scored || entries[entry].judge !== "generative";

  /** Shift points of the same size sideways if their intervals would overlap. */
  function placePoints(shown, x, y) {
    const points = [];
    for (const entry of shown) {
      const f = figures(entry), size = entries[entry].parameters;
      const span = [y(f.high ?? f.value) - 6, y(f.low ?? f.value) + 6];
      const near = points.filter((point) => Math.abs(Math.log(point.size / size)) < 0.02 && point.span[0] < span[1] && span[0] < point.span[1]);
      const shift = [0, 11, -11, 22, -22, 33, -33, 44, -44].find((offset) => near.every((point) => point.shift !== offset)) ?? 0;
      points.push({ entry, size, span, shift, x: x(size) + shift, y: y(f.value) });
    }
    return points;
  }

  /** Label points without overlap: the chosen models first, then the best of each series, then the rest from the top. */
  function placeLabels(points, frame, families) {
    const taken = points.map((point) => [point.x - 5, point.y - 5, point.x + 5, point.y + 5]), lines = families.flatMap(along), labels = new Map(), first = new Set();
    const weight = (point) => {
      const name = entries[point.entry].series, leads = name && !first.has(name);
      if (leads) first.add(name);
      return point.entry === state.a || point.entry === state.b ? 0 : leads ? 1 : 2;
    };
    const apart = (box, others) => others.every((other) => box[2] < other[0] || other[2] < box[0] || box[3] < other[1] || other[3] < box[1]);
    const inside = (box) => box[0] > frame.left && box[2] < frame.width - 2 && box[1] > 0 && box[3] < frame.height - frame.bottom;
    const queue = points.map((point) => ({ point, weight: weight(point) })).sort((p, q) => p.weight - q.weight);
    for (const { point } of queue) {
      const text = entries[point.entry].name, size = textWidth(text);
      const spots = [[9, 4, "start"], [-9, 4, "end"], [0, -9, "middle"], [0, 17, "middle"], [7, -7, "start"], [7, 15, "start"], [-7, -7, "end"], [-7, 15, "end"]];
      const found = spots.map(([dx, dy, anchor]) => {
        const from = point.x + dx - (anchor === "end" ? size : anchor === "middle" ? size / 2 : 0);
        return { x: point.x + dx, y: point.y + dy, anchor, text, box: [from - 1, point.y + dy - 10, from + size + 1, point.y + dy + 3] };
      }).filter(({ box }) => inside(box));
      const open = found.filter(({ box }) => apart(box, taken)), chosen = point.entry === state.a || point.entry === state.b;
      // A label may cross a line; a chosen model is always labeled.
      const spot = open.find(({ box }) => apart(box, lines)) ?? open[0] ?? (chosen ? found[0] : undefined);
      if (!spot) continue;
      taken.push(spot.box);
      labels.set(point.entry, spot);
    }
    return labels;
  }

  /** Small boxes along the line of a series. */
  function along(own) {
    return own.slice(1).flatMap((point, place) => {
      const from = own[place], steps = Math.ceil(Math.hypot(point.x - from.x, point.y - from.y) / 5);
      return Array.from({ length: steps }, (_, step) => {
        const [x, y] = [from.x + ((point.x - from.x) * step) / steps, from.y + ((point.y - from.y) * step) / steps];
        return [x - 1, y - 1, x + 1, y + 1];
      });
    });
  }

  // ---------------------------------------------------------------- criterion by language
  function drawHeat() {
    const a = state.heat === "b" ? state.b : state.a, difference = state.heat === "diff" && state.b >= 0;
    const at = (criterion, language) => slices.findIndex((slice) => !slice.subset && slice.kind !== "length-matched" && slice.criterion === criterion && slice.language === language);
    const cell = (criterion, language, css) => {
      const index = at(criterion, language);
      if (index < 0) return `<td class="${css}" title="no pairs">–</td>`;
      return difference ? gapCell(index, css) : heatCell(a, index, css);
    };
    const head = `<tr><td></td>${data.languages.map((row) => `<th scope="col">${esc(row.title)}</th>`).join("")}<th scope="col" class="total">all</th></tr>`;
    const line = (key, name, css) => `<tr class="${css}"><th scope="row" class="text">${esc(name)}</th>${data.languages.map((row) => cell(key, row.key, "")).join("")}${cell(key, "", "total")}</tr>`;
    $("heat").tHead.innerHTML = head;
    $("heat").tBodies[0].innerHTML = data.criteria.map((row) => line(row.key, row.title, "")).join("") + line("", "all criteria", "total");
    const name = (entry) => entries[entry]?.name ?? "";
    $("heat-title").textContent = difference ? `${name(state.a)} minus ${name(state.b)}` : name(a);
    $("heat-words").textContent = difference
      ? `Difference in points of accuracy on the shared pairs. Blue: A is better; orange: B is better. Cells with fewer than ${data.few} pairs are hatched.`
      : `Accuracy in percent with ${data.level} interval and number of pairs n. Blue: above one half; orange: below. Cells with fewer than ${data.few} pairs are hatched: they are too small for conclusions.`;
  }

  function tint(css, far, positive, n) {
    return `class="${css}${n < data.few ? " weak" : ""}" style="--tone:var(--${positive ? "a" : "b"});--far:${Math.min(62, far).toFixed(0)}"`;
  }

  function heatCell(entry, index, css) {
    const f = figures(entry, index);
    if (missing(f.value)) return `<td class="${css}">–</td>`;
    return `<td ${tint(css, 62 * (2 * f.value - 1) ** 2, f.value >= 0.5, f.n)}>${pct(f.value)}<small>${interval(f)}</small><small>n ${count(f.n)}</small></td>`;
  }

  function gapCell(index, css) {
    const found = joint(state.a, state.b, members(index));
    if (missing(found.gap)) return `<td class="${css}">–</td>`;
    return `<td ${tint(css, 230 * Math.abs(found.gap), found.gap >= 0, found.n)}>${signed(found.gap)}<small>${found.onlyA} : ${found.onlyB}</small><small>n ${count(found.n)}</small></td>`;
  }

  // ---------------------------------------------------------------- comparison of two models
  function drawVersus() {
    const there = state.b >= 0;
    for (const id of ["versus-body", "versus-pairs"]) $(id).hidden = !there;
    if (!there) return;
    const [a, b] = [state.a, state.b], slice = slices[state.slice], found = joint(a, b, members(state.slice)), test = findTest(a, b, slice.key);
    $("versus-title").innerHTML = `<span class="key a">A</span> ${esc(entries[a].name)} <span class="soft">against</span> <span class="key b">B</span> ${esc(entries[b].name)}`;
    $("versus-slice").textContent = `On ${title(slice)}; ties count ${state.strict ? "as wrong" : "half"}.`;
    $("conclusion").innerHTML = describeResult(a, b, found, test);
    drawOutcomes(found);
    const rows = [
      ["Shared pairs, n", `${count(found.n)}${found.unshared ? ` (${count(found.unshared)} pairs of only one model excluded)` : ""}`],
      ["Difference, A − B", `${signed(found.gap, 2)} points${test ? `, ${data.level} interval ${signed(test.low, 2)} to ${signed(test.high, 2)}` : ""}`],
      [state.strict ? "p, McNemar’s exact test" : "p, paired randomization test", test ? pValue(test.p) : "not tested in this slice"],
      ["p_holm", test ? `${pValue(test.holm)} (over all ${count((scored * (scored - 1)) / 2)} pairs of models)` : "–"],
      ["Only A strictly correct", count(found.onlyA)],
      ["Only B strictly correct", count(found.onlyB)],
    ];
    $("versus-numbers").innerHTML = rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("");
    drawSplit();
    drawPairs();
  }

  function describeResult(a, b, found, test) {
    const name = (entry, side) => `<b class="${side}">${esc(entries[entry].name)}</b>`;
    if (!found.n) return "The models share no pair.";
    if (a === b) return "Choose two different models.";
    const [better, worse] = found.gap >= 0 ? [name(a, "a"), name(b, "b")] : [name(b, "b"), name(a, "a")];
    if (found.gap === 0) return `${name(a, "a")} and ${name(b, "b")} have the same accuracy on these pairs.`;
    const gap = `${better} is ${pct(Math.abs(found.gap), 1)} points better than ${worse}`;
    if (!test) return `${gap}. Models are not tested in subsets and cells.`;
    return test.holm < data.alpha ? `${gap}: a significant difference.` : `${gap}: not a significant difference.`;
  }

  function drawOutcomes({ counts, n }) {
    const words = ["right", "tie", "wrong"], states = [WON, TIED, LOST], css = (x, y) => (x > y ? "good-a" : x < y ? "good-b" : "");
    const names = (side, entry) => `<span class="key ${side}">${side.toUpperCase()}</span> ${esc(fitText(entries[entry].name, 230))}`;
    $("outcomes").tHead.innerHTML = `<tr><td></td><th colspan="3" scope="colgroup" class="text name">${names("b", state.b)}</th></tr><tr><th scope="col" class="text name">${names("a", state.a)}</th>${words.map((word) => `<th scope="col">${word}</th>`).join("")}</tr>`;
    $("outcomes").tBodies[0].innerHTML = states.map((x, place) => `<tr><th scope="row">${words[place]}</th>${states.map((y) => `<td class="${css(x, y)}" data-outcome="${x}${y}">${count(counts[x][y])}<small>${n ? pct(counts[x][y] / n) : "–"} %</small></td>`).join("")}</tr>`).join("");
  }

  function drawSplit() {
    const rows = slices.map((slice, index) => ({ slice, index })).filter(({ slice }) => ["all", "criterion", "language"].includes(slice.kind));
    const items = rows.map(({ slice, index }) => ({ slice, index, found: joint(state.a, state.b, members(index)), test: findTest(state.a, state.b, slice.key) }));
    const far = Math.max(0.05, ...items.flatMap(({ found, test }) => [found.gap, test?.low, test?.high]).filter((v) => !missing(v)).map(Math.abs));
    const at = (v) => `${(50 + (50 * v) / far).toFixed(1)}%`;
    const line = ({ slice, index, found, test }) => {
      const tone = found.gap >= 0 ? "--a" : "--b";
      const span = test ? `<i style="left:${at(test.low)};width:${((50 * (test.high - test.low)) / far).toFixed(1)}%"></i>` : "";
      const track = missing(found.gap) ? "–" : `<span class="track" style="--half:50%;color:var(${tone})">${span}<b style="left:${at(found.gap)}"></b></span>`;
      const cells = [count(found.n), pct(figures(state.a, index).value), pct(figures(state.b, index).value), signed(found.gap), test ? `${signed(test.low)} to ${signed(test.high)}` : "–"];
      return `<tr data-slice="${esc(slice.key)}"><th scope="row" class="text">${esc(title(slice))}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}<td class="gap">${track}</td><td>${test ? pValue(test.holm) : "–"}</td><td>${count(found.onlyA)}</td><td>${count(found.onlyB)}</td></tr>`;
    };
    $("split").tBodies[0].innerHTML = items.map(line).join("");
  }

  // ---------------------------------------------------------------- pairs on which two models differ
  const KEPT = {
    all: (x, y) => x % 3 !== y % 3,
    a: (x, y) => x === WON && y !== WON,
    b: (x, y) => y === WON && x !== WON,
    tie: (x, y) => (x === TIED) !== (y === TIED),
    failed: (x, y) => x === FAILED || y === FAILED,
  };
  const labelOf = (kind, i) => (kind === "subset" ? pairs.subsets[pairs.subset[i]] : KINDS[kind].find((row) => row.key === NAMES[kind][pairs[kind][i]])?.title ?? "other");

  function differing() {
    const [one, two] = [outcomes[state.a], outcomes[state.b]], words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
    return members(state.slice).filter((i) => {
      if (one[i] === MISSING || two[i] === MISSING || !KEPT[state.which](one[i], two[i])) return false;
      if (!words.length) return true;
      const text = [ids[i], labelOf("criterion", i), labelOf("language", i), labelOf("subset", i)].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  function drawPairs() {
    const found = differing(), last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    state.page = Math.min(state.page, last);
    const from = state.page * PAGE, word = (x) => `<span class="outcome ${CLASSES[x]}">${WORDS[x]}</span>`;
    const rows = found.slice(from, from + PAGE).map((i) => {
      const texts = pairs.texts?.[i] ? `<td><button type="button" data-texts="${i}" aria-expanded="false">texts</button></td>` : pairs.texts ? "<td></td>" : "";
      return `<tr><td class="text"><code>${esc(ids[i])}</code></td>${["criterion", "language", "subset"].map((kind) => `<td class="text">${esc(labelOf(kind, i))}</td>`).join("")}<td class="text">${word(outcomes[state.a][i])}</td><td class="text">${word(outcomes[state.b][i])}</td>${texts}</tr>`;
    });
    $("pairs-table").tBodies[0].innerHTML = rows.join("") || `<tr><td class="text" colspan="7">No such pair.</td></tr>`;
    $("pairs-count").textContent = found.length ? `${count(from + 1)}–${count(Math.min(from + PAGE, found.length))} of ${count(found.length)} pairs` : "0 pairs";
    $("before").disabled = state.page === 0;
    $("after").disabled = state.page === last;
  }

  function toggleTexts(button) {
    const row = button.closest("tr"), open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) return row.nextElementSibling.remove();
    const [prompt, chosen, rejected] = pairs.texts[Number(button.dataset.texts)].map(esc);
    row.insertAdjacentHTML("afterend", `<tr><td class="texts text" colspan="7"><h4>Prompt</h4><pre tabindex="0">${prompt}</pre><div><section><h4>Chosen response</h4><pre tabindex="0">${chosen}</pre></section><section><h4>Rejected response</h4><pre tabindex="0">${rejected}</pre></section></div></td></tr>`);
  }

  // ---------------------------------------------------------------- state and events
  function highlight() {
    for (const item of document.querySelectorAll("[data-m]")) {
      const entry = Number(item.dataset.m);
      item.classList.toggle("is-a", entry === state.a);
      item.classList.toggle("is-b", entry === state.b);
      for (const button of item.querySelectorAll("[data-pick]")) button.setAttribute("aria-pressed", String(state[button.dataset.pick] === entry));
    }
    $("pick-a").value = String(state.a);
    if (state.b >= 0) $("pick-b").value = String(state.b);
  }

  function drawPlots() {
    drawIntervals();
    drawUndecided();
    drawSizes();
    highlight();
  }

  function drawAll() {
    drawTable();
    drawPlots();
    drawHeat();
    drawVersus();
    for (const place of document.querySelectorAll(".slice-name")) place.textContent = title(slices[state.slice]);
    for (const place of document.querySelectorAll(".ties-name")) place.textContent = state.strict ? "strict: ties are wrong" : "ties count half";
    $("note-untested").hidden = Boolean(tests()) || scored < 2;
    storeView();
  }

  function pick(side, entry) {
    if (entry >= scored) return;
    const other = side === "a" ? "b" : "a";
    if (state[other] === entry) state[other] = state[side];
    state[side] = entry;
    state.page = 0;
    drawSizes(); // labels of the chosen models take precedence
    highlight();
    drawHeat();
    drawVersus();
    storeView();
  }

  /** Keep the view in the URL fragment, so that it can be linked. */
  function storeView() {
    const view = new URLSearchParams({ slice: slices[state.slice].key, ties: state.strict ? "strict" : "half", a: entries[state.a].name });
    if (state.b >= 0) view.set("b", entries[state.b].name);
    try {
      history.replaceState(null, "", `#${view}`);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // a sandboxed frame may have no history
    }
  }

  function restoreView() {
    const view = new URLSearchParams(location.hash.slice(1));
    const slice = slices.findIndex((item) => item.key === view.get("slice")), entry = (side) => entries.findIndex((item, place) => place < scored && item.name === view.get(side));
    if (slice >= 0) state.slice = slice;
    if (view.has("ties")) state.strict = view.get("ties") === "strict";
    for (const side of ["a", "b"]) if (entry(side) >= 0) state[side] = entry(side);
  }

  function fillControls() {
    const groups = [["all", "All"], ["criterion", "Criterion"], ["language", "Language"], ["length-matched", "Length control"], ["subset", "Subset"], ["cell", "Criterion in language"]];
    const option = (slice, index) => `<option value="${index}">${esc(title(slice))} (${count(slice.pairs)})</option>`;
    $("slice").innerHTML = groups.map(([kind, name]) => {
      const own = slices.map((slice, index) => (slice.kind === kind ? option(slice, index) : "")).join("");
      return own && `<optgroup label="${name}">${own}</optgroup>`;
    }).join("");
    const models = entries.slice(0, scored).map((e, entry) => ({ name: e.name, entry })).sort((x, y) => collator.compare(x.name, y.name));
    for (const side of ["a", "b"]) $(`pick-${side}`).innerHTML = models.map((model) => `<option value="${model.entry}">${esc(model.name)}</option>`).join("");
    $("slice").value = String(state.slice);
    document.querySelector(`input[name=ties][value=${state.strict ? "strict" : "half"}]`).checked = true;
  }

  function showTip(mark, x, y) {
    const tip = $("tip");
    tip.textContent = mark.dataset.tip;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(6, Math.min(x + 14, innerWidth - width - 6))}px`;
    tip.style.top = `${y + 18 + height > innerHeight ? Math.max(6, y - height - 10) : y + 18}px`;
    tip.style.visibility = "visible";
  }
  const hideTip = () => { $("tip").style.visibility = "hidden"; };

  function hover(entry) {
    for (const item of document.querySelectorAll(".hot")) item.classList.remove("hot");
    if (entry !== undefined) for (const item of document.querySelectorAll(`[data-m="${entry}"]`)) item.classList.add("hot");
  }

  /** Move through the marks of a plot with the arrow keys; Enter selects A, Shift+Enter selects B. */
  function moveFocus(event) {
    const plot = event.target.closest("svg");
    if (!plot) return;
    const all = [...plot.querySelectorAll(".mark")], now = all.findIndex((mark) => mark.classList.contains("on"));
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" && now >= 0) pick(event.shiftKey ? "b" : "a", Number(all[now].dataset.m));
    if (event.key === "Escape") hideTip();
    if (!step || !all.length) return;
    event.preventDefault();
    all[now]?.classList.remove("on");
    const next = all[(now + step + all.length + (now < 0 && step < 0 ? 1 : 0)) % all.length], box = next.querySelector("circle, .hit").getBoundingClientRect();
    next.classList.add("on");
    showTip(next, box.left, box.bottom - 12);
    $("announcement").textContent = next.dataset.tip;
  }

  function clicked(event) {
    const at = (selector) => event.target.closest(selector);
    const head = at("#board-table thead th[data-key]"), choice = at("[data-pick]"), mark = at("svg .mark"), texts = at("[data-texts]");
    if (head) sortBy(head.dataset.key);
    else if (choice) pick(choice.dataset.pick, Number(choice.closest("[data-m]").dataset.m));
    else if (mark) pick(event.shiftKey ? "b" : "a", Number(mark.dataset.m));
    else if (texts) toggleTexts(texts);
  }

  function listen() {
    const on = (id, kind, work) => $(id).addEventListener(kind, work);
    on("slice", "change", () => { state.slice = Number($("slice").value); state.page = 0; drawAll(); });
    for (const radio of document.querySelectorAll("input[name=ties]")) radio.addEventListener("change", () => { state.strict = radio.value === "strict"; drawAll(); });
    for (const radio of document.querySelectorAll("input[name=heat]")) radio.addEventListener("change", () => { state.heat = radio.value; drawHeat(); });
    for (const side of ["a", "b"]) on(`pick-${side}`, "change", () => pick(side, Number($(`pick-${side}`).value)));
    on("swap", "click", () => pick("a", state.b));
    on("filter", "input", () => { state.filter = $("filter").value; filterTable(); });
    on("csv", "click", download);
    on("which", "change", () => { state.which = $("which").value; state.page = 0; drawPairs(); });
    on("find", "input", () => { state.find = $("find").value; state.page = 0; drawPairs(); });
    on("before", "click", () => { state.page -= 1; drawPairs(); });
    on("after", "click", () => { state.page += 1; drawPairs(); });
    on("controls", "submit", (event) => event.preventDefault());
    document.addEventListener("click", clicked);
    document.addEventListener("keydown", moveFocus);
    document.addEventListener("focusout", (event) => { if (event.target.closest?.("svg")) hideTip(); });
    document.addEventListener("pointermove", (event) => {
      const mark = event.target.closest?.("[data-tip]");
      mark ? showTip(mark, event.clientX, event.clientY) : hideTip();
    });
    document.addEventListener("pointerover", (event) => hover(event.target.closest?.("[data-m]")?.dataset.m));
    document.addEventListener("pointerleave", () => { hover(); hideTip(); });
    addEventListener("hashchange", () => {
      if (!location.hash.includes("=")) return; // a link to a section
      restoreView();
      fillControls();
      drawAll();
    });
    let width = innerWidth, waiting;
    addEventListener("resize", () => {
      if (innerWidth === width) return;
      width = innerWidth;
      clearTimeout(waiting);
      waiting = setTimeout(drawPlots, 120);
    });
  }

  data.level = `${Number((100 * data.settings.confidence_level).toPrecision(6))} %`;
  data.alpha = 1 - data.settings.confidence_level;
  restoreView();
  fillControls();
  drawAll();
  listen();
})();
