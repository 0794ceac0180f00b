"use strict";
(() => {
  const { blind, rows } = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const FILTERS = ["criterion", "language", "source", "repository", "task", "reason"];
  const CONTEXT = 3; // unchanged lines that are shown around a change
  const STEP = 500; // lines that a button adds
  const MOST_EDITS = 1200; // lines that differ more are shown as replaced
  const state = { shown: rows, at: 0 };

  // Judgments, one entry of localStorage per reader and row; in memory where the browser refuses to store.
  const memory = new Map();
  let stored = true;
  const keyOf = (row, name = reader()) => `themis-judgment/${name}/${row.digest}`;
  const reader = () => $("reader").value.trim();
  function readItem(key) {
    if (memory.has(key)) return memory.get(key);
    try { return localStorage.getItem(key); } catch { return null; }
  }
  function writeItem(key, value) {
    memory.set(key, value);
    try { localStorage.setItem(key, value); } catch { stored = false; }
    if (!stored) notify("This browser does not store the judgments: save them before you close the page.");
  }
  function judgmentOf(row) {
    try { return JSON.parse(readItem(keyOf(row))) ?? {}; } catch { return {}; }
  }
  // Judgments that were made without a name belong to the reader who then writes one.
  function claimNameless() {
    for (const row of rows) {
      const nameless = readItem(keyOf(row, ""));
      if (!reader() || !nameless) continue;
      if (!readItem(keyOf(row))) writeItem(keyOf(row), nameless);
      writeItem(keyOf(row, ""), "");
    }
  }
  function judge(row, answers) {
    const judgment = { ...judgmentOf(row), ...answers, blind, time: new Date().toISOString() };
    writeItem(keyOf(row), JSON.stringify(judgment));
  }

  // Characters that cannot be seen are written as their code.
  const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
  const visible = (text) => text.replace(INVISIBLE, (char) => `⟨U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
  function element(tag, text = "", name = "") {
    const made = document.createElement(tag);
    if (text) made.textContent = visible(text);
    if (name) made.className = name;
    return made;
  }
  function fragment(parts) {
    const made = document.createDocumentFragment();
    for (const part of parts) made.append(part);
    return made;
  }
  function notify(text) {
    $("notice").textContent = visible(text);
    $("notice").hidden = !text;
  }

  // Shortest edit script of two lists (Myers 1986), as pairs [index in a or -1, index in b or -1].
  function align(a, b, most = MOST_EDITS) {
    let head = 0, tail = 0;
    while (head < Math.min(a.length, b.length) && a[head] === b[head]) head += 1;
    while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
    const n = a.length - head - tail, m = b.length - head - tail;
    const middle = alignMiddle(a.slice(head, head + n), b.slice(head, head + m), most);
    return [
      ...Array.from({ length: head }, (_, i) => [i, i]),
      ...middle.map(([i, j]) => [i < 0 ? i : i + head, j < 0 ? j : j + head]),
      ...Array.from({ length: tail }, (_, i) => [head + n + i, head + m + i]),
    ];
  }
  function alignMiddle(a, b, most) {
    const n = a.length, m = b.length, bound = Math.min(n + m, most), trace = [];
    const reach = new Int32Array(2 * bound + 3), zero = bound + 1;
    for (let d = 0; d <= bound; d += 1) {
      trace.push(reach.slice(zero - d - 1, zero + d + 2));
      for (let k = -d; k <= d; k += 2) {
        let x = k === -d || (k !== d && reach[zero + k - 1] < reach[zero + k + 1]) ? reach[zero + k + 1] : reach[zero + k - 1] + 1;
        while (x < n && x - k < m && a[x] === b[x - k]) x += 1;
        reach[zero + k] = x;
        if (x >= n && x - k >= m) return walkBack(trace, n, m);
      }
    }
    return [...a.map((_, i) => [i, -1]), ...b.map((_, j) => [-1, j])];
  }
  function walkBack(trace, n, m) {
    const pairs = [];
    let x = n, y = m;
    for (let d = trace.length - 1; d >= 0; d -= 1) {
      const reach = trace[d], zero = d + 1, k = x - y;
      const down = k === -d || (k !== d && reach[zero + k - 1] < reach[zero + k + 1]);
      const before = down ? k + 1 : k - 1, fromX = d ? reach[zero + before] : 0, fromY = d ? fromX - before : 0;
      while (x > fromX && y > fromY) pairs.push([(x -= 1), (y -= 1)]);
      if (d) pairs.push(down ? [-1, (y -= 1)] : [(x -= 1), -1]);
    }
    return pairs.reverse();
  }

  // Lines without their ends; an end that only one side has is visible.
  function linesOf(text, other) {
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    else if (other.endsWith("\n")) lines[lines.length - 1] += "⟨no line end⟩";
    return lines;
  }
  // Carriage returns are visible only where not every line of both sides ends with one.
  function withoutCarriageReturns(sides) {
    const everywhere = sides.every((text) => !/(^|[^\r])\n/.test(text));
    return everywhere ? sides.map((text) => text.replaceAll("\r\n", "\n")) : sides;
  }
  // Blocks {old, fresh, same} of line numbers: runs of equal lines, and changed lines of both sides.
  function blocksOf(before, after) {
    const blocks = [];
    for (const [i, j] of align(before, after)) {
      const same = i >= 0 && j >= 0;
      if (!blocks.length || blocks.at(-1).same !== same) blocks.push({ same, old: [], fresh: [] });
      if (i >= 0) blocks.at(-1).old.push(i);
      if (j >= 0) blocks.at(-1).fresh.push(j);
    }
    return blocks;
  }

  // Content of two changed lines with the words marked that differ; lines without much in common have no marks.
  const words = (line) => line.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];
  function markWords(one, two) {
    const a = words(one), b = words(two), pairs = align(a, b, 300);
    const common = pairs.filter(([i, j]) => i >= 0 && j >= 0 && a[i].trim()).reduce((sum, [i]) => sum + a[i].length, 0);
    if (common < 0.25 * Math.max(one.trim().length, two.trim().length)) return [element("span", one), element("span", two)];
    return [
      runs(pairs.filter(([i]) => i >= 0).map(([i, j]) => [a[i], j < 0 ? "del" : ""])),
      runs(pairs.filter(([, j]) => j >= 0).map(([i, j]) => [b[j], i < 0 ? "ins" : ""])),
    ];
  }
  // Words with the tag of each, as one element for each run of equal tags.
  function runs(tagged) {
    const made = element("span");
    for (let start = 0, end = 0; start < tagged.length; start = end) {
      while (end < tagged.length && tagged[end][1] === tagged[start][1]) end += 1;
      const text = tagged.slice(start, end).map(([word]) => word).join("");
      made.append(tagged[start][1] ? element(tagged[start][1], text) : visible(text));
    }
    return made;
  }

  function cell(content, name) {
    const made = element("td", "", name);
    made.append(content);
    return made;
  }
  const number = (index) => cell(index === undefined ? "" : String(index + 1), "number");
  const SIGNS = blind ? ["A", "B"] : ["−", "+"];
  function splitRow(i, left, leftKind, j, right, rightKind) {
    const row = element("tr");
    row.append(number(i), cell(left, leftKind), number(j), cell(right, rightKind));
    return row;
  }
  function unifiedRow(i, j, sign, content, kind) {
    const row = element("tr");
    row.append(number(i), number(j), cell(sign, `sign ${kind}`), cell(content, kind));
    return row;
  }
  const VIEWS = {
    split: {
      columns: ["number", "", "number", ""],
      same: (i, j, line) => [splitRow(i, visible(line), "", j, visible(line), "")],
      changed: (block, left, right) => Array.from({ length: Math.max(left.length, right.length) }, (_, at) => splitRow(
        block.old[at], left[at] ?? "", left[at] ? "minus" : "void", block.fresh[at], right[at] ?? "", right[at] ? "plus" : "void")),
    },
    unified: {
      columns: ["number", "number", "sign", ""],
      same: (i, j, line) => [unifiedRow(i, j, "", visible(line), "")],
      changed: (block, left, right) => [
        ...left.map((content, at) => unifiedRow(block.old[at], undefined, SIGNS[0], content, "minus")),
        ...right.map((content, at) => unifiedRow(undefined, block.fresh[at], SIGNS[1], content, "plus")),
      ],
    },
  };

  function renderDiff(before, after) {
    const view = VIEWS[viewName()], table = element("table"), body = element("tbody"), columns = element("colgroup");
    columns.append(...view.columns.map((name) => element("col", "", name)));
    const old = linesOf(before, after), fresh = linesOf(after, before), blocks = blocksOf(old, fresh);
    blocks.forEach((block, at) => {
      if (block.same) body.append(sameLines(view, block, old, at > 0, at < blocks.length - 1));
      else body.append(changedLines(view, block, old, fresh));
    });
    table.append(columns, body);
    $("diff").replaceChildren(table);
  }
  // Changed lines; of many the first, and a button that shows more.
  function changedLines(view, block, old, fresh, from = 0) {
    const to = from + STEP, part = { old: block.old.slice(from, to), fresh: block.fresh.slice(from, to) };
    const left = part.old.map((i) => element("span", old[i])), right = part.fresh.map((j) => element("span", fresh[j]));
    for (let at = 0; at < Math.min(left.length, right.length); at += 1)
      [left[at], right[at]] = markWords(old[part.old[at]], fresh[part.fresh[at]]);
    const rest = Math.max(block.old.length, block.fresh.length) - to;
    const more = rest > 0 ? [gapRow(view, `${rest.toLocaleString("en")} more changed lines`, () => changedLines(view, block, old, fresh, to))] : [];
    return fragment([...view.changed(part, left, right), ...more]);
  }
  // Unchanged lines; those far from a change are replaced by a button that shows the next ones.
  function sameLines(view, block, old, changeBefore, changeAfter) {
    const draw = (from, to) => block.old.slice(from, to).flatMap((i, at) => view.same(i, block.fresh[from + at], old[i]));
    const fold = (from, to) => to - from < 4 ? fragment(draw(from, to)) : fragment([gapRow(view, `${(to - from).toLocaleString("en")} unchanged lines`, () => {
      const end = Math.min(to, from + STEP);
      return fragment([...draw(from, end), fold(end, to)]);
    })]);
    const count = block.old.length, from = changeBefore ? CONTEXT : changeAfter ? 0 : 10 * CONTEXT;
    const to = Math.max(Math.min(from, count), count - (changeAfter ? CONTEXT : 0));
    return fragment([...draw(0, from), fold(Math.min(from, count), to), ...draw(to, count)]);
  }
  function gapRow(view, words, show) {
    const row = element("tr"), button = element("button", words), at = cell(button, "gap");
    at.colSpan = view.columns.length;
    button.type = "button";
    button.addEventListener("click", () => row.replaceWith(show()));
    row.append(at);
    return row;
  }
  const narrow = matchMedia("(max-width: 800px)");
  const viewName = () => narrow.matches ? "unified" : document.querySelector("input[name=view]:checked").value;

  // The row that is shown; nothing else of the page depends on the number of rows.
  const current = () => state.shown[state.at];
  function sidesOf(row) {
    return blind && row.flipped ? [row.chosen, row.rejected] : [row.rejected, row.chosen];
  }
  function questionOf(row) {
    const criterion = row.criterion ? `${row.criterion}: ` : "";
    if (blind) return `${criterion}which version is better?`;
    if (row.reason) return `${criterion}is it right to drop this row as ${row.reason}?`;
    return `${criterion}is the chosen version better?`;
  }
  function renderRow() {
    const row = current();
    $("row").hidden = !row;
    $("none").hidden = Boolean(row);
    $("at").value = row ? String(state.at + 1) : "0";
    $("of").textContent = `of ${state.shown.length.toLocaleString("en")}`;
    $("previous").disabled = state.at <= 0;
    $("next").disabled = state.at >= state.shown.length - 1;
    if (row) {
      $("question").textContent = visible(questionOf(row));
      $("facts").textContent = visible([row.language, row.source, row.repository, row.columns.file_path, row.reason && `dropped: ${row.reason}`].filter(Boolean).join(" · "));
      $("request").textContent = visible(row.request.replaceAll("\r\n", "\n") || "(none)");
      $("sides").textContent = blind ? "A → B" : "Rejected → chosen";
      renderDiff(...withoutCarriageReturns(sidesOf(row)));
    }
    renderJudgment();
  }
  function renderJudgment() {
    const row = current(), judgment = row ? judgmentOf(row) : {}, revealed = !blind || Boolean(judgment.verdict);
    for (const button of document.querySelectorAll("[data-answer]")) {
      button.setAttribute("aria-pressed", String(judgment[button.dataset.answer] === valueOf(button)));
      button.disabled = !row;
    }
    $("label").hidden = !blind || !revealed || !row;
    if (blind && row) $("label").textContent = `The label says that ${row.flipped ? "A" : "B"} is better.`;
    $("more").hidden = !revealed;
    if (row) $("columns").replaceChildren(...(revealed ? columnsOf(row) : []));
    renderProgress();
  }
  const columnsOf = (row) => Object.entries({ id: "", ...row.columns, id: row.id, digest: row.digest }).flatMap(([name, value]) => [element("dt", name), element("dd", value)]);
  function renderProgress() {
    const counts = { right: 0, wrong: 0, unsure: 0 };
    for (const row of rows) if (verdicts.get(row)) counts[verdicts.get(row)] += 1;
    const done = counts.right + counts.wrong + counts.unsure;
    $("progress").value = done;
    const parts = blind ? "" : ` (${Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(", ")})`;
    $("done").textContent = `${done.toLocaleString("en")} of ${rows.length.toLocaleString("en")} judged${parts}`;
  }

  // Verdicts of the current reader, so that counts and filters need not read every entry again.
  const verdicts = new Map();
  function loadVerdicts() {
    verdicts.clear();
    for (const row of rows) {
      const { verdict } = judgmentOf(row);
      if (["right", "wrong", "unsure"].includes(verdict)) verdicts.set(row, verdict);
    }
  }
  const valueOf = ({ dataset }) => ({ yes: true, no: false })[dataset.value] ?? dataset.value;
  function answer(button) {
    const row = current(), name = button.dataset.answer;
    if (!row) return;
    const value = button.getAttribute("aria-pressed") === "true" ? null : valueOf(button);
    const answers = { [name]: value };
    if (name === "side") answers.verdict = value && ((value === "a") === row.flipped ? "right" : "wrong");
    if (name === "verdict") answers.side = null;
    judge(row, answers);
    if ("verdict" in answers) { answers.verdict ? verdicts.set(row, answers.verdict) : verdicts.delete(row); }
    if (!reader()) notify("Write your name into the field Reader, so that judgments of several readers can be compared.");
    renderJudgment();
  }

  function move(to) {
    state.at = Math.max(0, Math.min(state.shown.length - 1, to));
    renderRow();
    scrollTo(0, Math.min(scrollY, $("row").offsetTop));
  }
  function nextOpen() {
    const count = state.shown.length;
    for (let step = 1; step <= count; step += 1)
      if (!verdicts.has(state.shown[(state.at + step) % count])) return move((state.at + step) % count);
    return notify("Every row of this selection has been judged.");
  }

  const STATUS = { "": () => true, open: (row) => !verdicts.has(row), done: (row) => verdicts.has(row) };
  function applyFilters() {
    const wanted = FILTERS.filter((name) => $(name).value !== ""), text = $("text").value.trim().toLowerCase();
    const fits = STATUS[$("status").value] ?? ((row) => verdicts.get(row) === $("status").value);
    state.shown = rows.filter((row) => fits(row) && wanted.every((name) => `=${row[name]}` === $(name).value) && (!text || contains(row, text)));
    state.at = 0;
    notify("");
    renderRow();
  }
  const contains = (row, text) => [row.request, row.chosen, row.rejected, row.id, ...(blind ? [] : Object.values(row.columns))].some((value) => value.toLowerCase().includes(text));
  function fillSelect(name) {
    const counts = new Map();
    for (const row of rows) counts.set(row[name], (counts.get(row[name]) ?? 0) + 1);
    const option = (label, value) => Object.assign(document.createElement("option"), { textContent: visible(label), value });
    const names = [...counts.keys()].sort();
    $(name).replaceChildren(option("all", ""), ...names.map((value) => option(`${value || (name === "reason" ? "not dropped" : "none")} (${counts.get(value)})`, `=${value}`)));
    $(`label-${name}`).hidden = counts.size < 2;
  }

  function saved() {
    const lines = [];
    for (const row of rows) {
      const { verdict = null, self_contained = null, leaks = null, time, blind: hidden } = judgmentOf(row);
      if (verdict === null && self_contained === null && leaks === null) continue;
      const { id, digest, criterion, language, source, reason } = row;
      lines.push(JSON.stringify({ reader: reader(), id, digest, criterion, language, source, reason, verdict, self_contained, leaks, blind: hidden, time }));
    }
    return lines.map((line) => `${line}\n`).join("");
  }
  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([saved()], { type: "application/jsonl" }));
    link.download = `judgments-${reader().replace(/[^\p{L}\p{N}_-]+/gu, "-") || "reader"}.jsonl`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  function restore(text) {
    const byDigest = new Map(rows.map((row) => [row.digest, row]));
    let used = 0, lines = 0;
    for (const line of text.split("\n").filter((part) => part.trim())) {
      lines += 1;
      let judgment = null;
      try { judgment = JSON.parse(line); } catch { continue; }
      const row = byDigest.get(judgment?.digest);
      if (!row || (judgmentOf(row).time ?? "") > String(judgment.time ?? "")) continue;
      const { verdict = null, self_contained = null, leaks = null, blind: hidden = false, time = "" } = judgment;
      writeItem(keyOf(row), JSON.stringify({ verdict, self_contained, leaks, blind: hidden, time }));
      used += 1;
    }
    loadVerdicts();
    applyFilters();
    notify(`${used} of ${lines} judgments were loaded for the reader “${reader()}”.`);
  }

  const switchView = () => document.querySelector("input[name=view]:not(:checked)").click();
  const KEYS = { ArrowLeft: () => move(state.at - 1), ArrowRight: () => move(state.at + 1), n: nextOpen, v: switchView };
  for (const button of document.querySelectorAll("[data-answer]")) {
    button.addEventListener("click", () => answer(button));
    KEYS[button.getAttribute("aria-keyshortcuts")] = () => answer(button);
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=radio]), select");
    const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !action) return;
    event.preventDefault();
    action();
  });
  for (const name of [...FILTERS, "status", "text"]) $(name).addEventListener("change", applyFilters);
  $("text").addEventListener("search", applyFilters);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("reader").addEventListener("change", () => {
    writeItem("themis-reader", reader());
    claimNameless();
    loadVerdicts();
    notify("");
    renderJudgment();
  });
  $("at").addEventListener("change", () => move(Number.parseInt($("at").value, 10) - 1 || 0));
  $("previous").addEventListener("click", KEYS.ArrowLeft);
  $("next").addEventListener("click", KEYS.ArrowRight);
  $("open").addEventListener("click", nextOpen);
  $("save").addEventListener("click", save);
  $("load").addEventListener("change", async () => { if ($("load").files[0]) restore(await $("load").files[0].text()); });
  for (const radio of document.querySelectorAll("input[name=view]")) radio.addEventListener("change", renderRow);
  narrow.addEventListener("change", renderRow);
  document.body.classList.toggle("blind", blind);
  FILTERS.forEach(fillSelect);
  $("reader").value = readItem("themis-reader") ?? "";
  loadVerdicts();
  renderRow();
})();
