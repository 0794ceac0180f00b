// Helpers for a driver script that runs inside a page; the driver is inserted below.
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const text = (selector) => all(selector).map((item) => item.innerText.trim());
  const set = (id, value, kind = "change") => { $(id).value = value; $(id).dispatchEvent(new Event(kind, { bubbles: true })); };
  const slice = (title) => set("slice", [...$("slice").options].find((option) => option.text.startsWith(title + " (")).value);
  const radio = (name, value) => all(`input[name=${name}]`).find((item) => item.value === value).click();
  const head = (key) => all("#board-table th[data-key]").find((item) => item.dataset.key === key).querySelector("button").click();
  const order = () => all("#board-table tbody tr").map((row) => Number(row.dataset.m));
  const column = (key) => {
    const place = all("#board-table th[data-key]").findIndex((item) => item.dataset.key === key);
    return Object.fromEntries(all("#board-table tbody tr").map((row) => [row.dataset.m, row.cells[place].innerText.trim()]));
  };
  const pick = (side, entry) => all(`#board-table tr[data-m="${entry}"] [data-pick=${side}]`)[0].click();
  const seen = {};
  try {
    %s
  } catch (error) {
    faults.push(`driver: ${error.stack}`);
  }
  parent.postMessage(JSON.stringify({ seen, faults }), "*");
})();
