// Tables that are updated in place: rows are kept by key, cells change only where their value did.
// Everything is set by textContent, so no data can become markup.

// rows: [{key, className, onPress, cells: [text | {text, title, className, flash, button, href,
// meter}]}]; the first cell is the row's header. What a row's `onPress`, `button` and `href` do is fixed when it is made.
export function fill(table, rows) {
  const body = table.tBodies[0];
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  rows.forEach((row, index) => {
    const element = known.get(row.key) ?? newRow(row);
    known.delete(row.key);
    if (body.rows[index] !== element) body.insertBefore(element, body.rows[index] ?? null);
    set(element, "className", row.className ?? "");
    row.cells.forEach((cell, column) => fillCell(element.cells[column], cell));
  });
  known.forEach((row) => row.remove());
}

function newRow(row) {
  const element = document.createElement("tr");
  element.dataset.key = row.key;
  if (row.onPress) element.addEventListener("click", row.onPress);
  row.cells.forEach((cell, column) => {
    const cellElement = document.createElement(column === 0 ? "th" : "td");
    if (column === 0) cellElement.scope = "row";
    if (cell?.button) cellElement.append(newButton(cell.button));
    if (cell?.href) cellElement.append(newLink(cell.href));
    if (cell?.meter !== undefined) cellElement.append(newMeter());
    element.append(cellElement);
  });
  return element;
}

function newButton(onPress) {
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", onPress);
  return button;
}

function newLink(address) {
  const link = document.createElement("a");
  link.href = address;
  return link;
}

// It draws what the row's numbers say: nothing to be read out.
function newMeter() {
  const meter = document.createElement("meter");
  meter.setAttribute("aria-hidden", "true");
  return meter;
}

function fillCell(element, cell) {
  const wanted = typeof cell === "object" ? cell : { text: cell };
  const text = element.querySelector("button, a, meter") ?? element;
  const changed = text.textContent !== wanted.text;
  if (changed) text.textContent = wanted.text;
  set(element, "className", wanted.className ?? "");
  set(element, "title", wanted.title ?? "");
  for (const [name, value] of Object.entries(wanted.aria ?? {})) text.setAttribute(`aria-${name}`, value);
  if (wanted.meter !== undefined) set(element.querySelector("meter"), "value", wanted.meter);
  if (wanted.flash) flash(element.parentElement);
}

function set(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

export function flash(element) {
  const faint = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const colours = ["rgb(240 180 41 / 65%)", "rgb(240 180 41 / 0%)"];
  element.animate({ backgroundColor: colours }, { duration: faint ? 1 : 2500, easing: "ease-out" });
}
