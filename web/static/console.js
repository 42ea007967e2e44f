// The console's page: takes whole views from the server and shows them. It keeps nothing that a view does not tell.

import { draw } from "./charts.js";
import { connect } from "./connection.js";
import { loss, money, time } from "./format.js";
import * as panels from "./panels.js";

const COIN = Math.log(2);
const $ = (id) => document.getElementById(id);
let view = null;
let connection = "connecting";

function show() {
  if (view === null) return;
  showRung();
  $("clock").textContent = time(view.at_ms);
  $("faults").hidden = view.faults.length === 0;
  setText($("faults"), view.faults.join("  ·  "));
  $("faults").title = view.faults.join("\n");
  panels.showTree(view.nodes);
  panels.showIncidents(view.incidents);
  panels.showLatencies(view.nodes);
  if (view.trading !== null) showTrading(view.trading);
}

// Without a connection nothing shown is known to hold, the rung least of all.
function showRung() {
  const lost = connection === "lost";
  const name = lost ? "UNKNOWN" : view.rung.name;
  setText($("rung-name"), name.replace("_", " "));
  $("rung-name").dataset.rung = name;
  setText($("rung-reason"), lost ? `no connection to the console; ${view.rung.name} at ${time(view.at_ms)}` : view.rung.reason);
  $("rung-reason").title = $("rung-reason").textContent;
  document.title = `${name.replace("_", " ")} · tradigrade`;
}

function showTrading(trading) {
  document.body.dataset.trading = view.sources.trading.stale ? "stale" : "fresh";
  panels.showFigures(trading);
  panels.showMarket(trading.symbols);
  panels.showOrders(trading.orders);
  panels.showFills(trading.fills);
  panels.showRefusals(trading.refusals);
  panels.showLearning(trading.learning);
  showCharts(trading);
}

function showCharts(trading) {
  draw($("equity-chart"), trading.equity_curve, { colour: "#4fd1c5", format: (value) => money(value) });
  setText($("equity-range"), trading.currency);
  const learning = panels.chosenLearning(trading.learning);
  const curve = learning?.curve ?? [];
  draw($("loss-chart"), curve, { colour: "#a78bfa", format: loss, reference: COIN });
  const newest = curve.at(-1)?.[1] ?? null;
  setText($("loss-range"), learning ? `${learning.symbol} ${learning.champion} ${loss(newest)} · dashed: a coin` : "");
}

// Live regions speak at every change of text: set it only when it differs.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showConnection(state, text) {
  connection = state;
  document.body.dataset.connection = state;
  setText($("connection"), text);
  if (state === "lost") show();
}

function startTabs(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const select = (chosen) => tabs.forEach((tab) => {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  });
  list.addEventListener("click", (event) => tabs.includes(event.target) && select(event.target));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs.at((tabs.indexOf(document.activeElement) + step) % tabs.length);
    next.focus();
    select(next);
  });
  select(tabs[0]);
}

startTabs(document.querySelector("[role=tablist]"));
document.addEventListener("redraw", show);
window.addEventListener("resize", show);
connect(`${location.protocol.replace("http", "ws")}//${location.host}/ws`, {
  onState: showConnection,
  onView: (received) => {
    view = received;
    show();
  },
});
