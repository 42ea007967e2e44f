// The risk page: every limit, what counts against it now and how much room is left, and how books and venue compare.
// Risk and executor are asked only while it is open.

import { showBooks } from "./books.js";
import { age, money, NONE } from "./format.js";
import { setText, startPage } from "./header.js";
import { showLadder } from "./ladder.js";
import { showRefusals } from "./panels.js";
import { fill } from "./tables.js";

const PERIOD_MS = 1000;
const $ = (id) => document.getElementById(id);
const number = (text, more = {}) => ({ text, className: "number", ...more });
const words = (name) => name.replace(/^max_/, "").replaceAll("_", " ");

function amount(text, unit) {
  if (text === null) return NONE;
  const value = Number(text);
  switch (unit) {
    case "money": return money(text);
    case "fraction": return `${(value * 100).toFixed(2)} %`;
    case "multiple": return `${value.toFixed(2)} ×`;
    case "bps": return `${value.toLocaleString("en-US")} bps`;
    case "seconds": return `${value} s`;
    default: return value.toLocaleString("en-US");
  }
}

function limitRow(one) {
  return {
    key: `${one.name} ${one.scope}`,
    className: `level-${one.level}${one.value === null ? " unbounded" : ""}`,
    cells: [
      { text: words(one.name), title: one.name }, { text: one.scope, className: "scope" },
      { text: "", meter: one.part ?? 0, title: one.part === null ? "" : `${(one.part * 100).toFixed(1)} %` },
      number(amount(one.used, one.unit), { className: "number used", title: one.used ?? "" }),
      number(one.value === null ? "no bound" : amount(one.value, one.unit), { title: one.value ?? "" }),
      number(amount(one.headroom, one.unit), { title: one.headroom ?? "" }),
      { text: one.text, title: one.text, className: "reason" },
    ],
  };
}

function show(told) {
  const version = told.version === undefined ? "" : `version ${told.version}, ${age(told.age_s)} ago`;
  setText($("limits-summary"), [told.fault, version].filter(Boolean).join(" · "));
  fill($("limits"), told.limits.map(limitRow));
  if (told.version === undefined) return;
  setText($("rules-summary"), `rules ${told.rules_version}`);
  const scales = Object.entries(told.scales).map(([symbol, by]) => [`limits shrunk to ${(Number(by) * 100).toFixed(0)} %`, symbol]);
  const held = [...told.rules.map((rule) => [rule, "orders it applies to"]), ...scales];
  const rows = held.length ? held : [["no rule forbids anything, and no limit is shrunk", ""]];
  fill($("rules"), rows.map(([what, of]) => ({ key: `${what} ${of}`, cells: [what, of] })));
}

async function get(path, showTold, name) {
  try {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(`the console answers ${answer.status}`);
    const told = await answer.json();
    document.body.dataset[name] = told.fault ? "stale" : "fresh";
    showTold(told);
  } catch (error) {
    if (!(error instanceof TypeError)) console.warn(String(error)); // a TypeError: no connection, which the header tells
    document.body.dataset[name] = "stale";
  }
}

function ask() {
  get("/api/risk", show, "risk");
  get("/api/reconciliation", showBooks, "books");
}

document.addEventListener("visibilitychange", () => document.hidden || ask());
setInterval(() => document.hidden || ask(), PERIOD_MS);
ask();
startPage((view) => {
  showLadder(view.ladder, view.at_ms);
  if (view.trading !== null) showRefusals(view.trading.refusals);
});
