// What every page has: the rung, what is wrong, equity and books, the time, the connection, the kill switch. `show` gets each view,
// and again at "redraw".

import { connect } from "./connection.js";
import { exact, money, price, time } from "./format.js";
import { showHalt, startHalt } from "./halt.js";

const $ = (id) => document.getElementById(id);
let view = null;
let connection = "connecting";

export function startPage(show) {
  startHalt();
  const draw = () => {
    if (view === null) return;
    showHeader();
    show(view);
  };
  document.addEventListener("redraw", draw);
  window.addEventListener("resize", draw);
  connect(`${location.protocol.replace("http", "ws")}//${location.host}/ws`, {
    onState: (state, text) => {
      connection = state;
      document.body.dataset.connection = state;
      setText($("connection"), text);
      if (state === "lost") draw();
    },
    onView: (received) => {
      view = received;
      draw();
    },
  });
}

function showHeader() {
  showRung();
  showHalt(view.halt, view.at_ms);
  $("clock").textContent = time(view.at_ms);
  $("faults").hidden = view.faults.length === 0;
  setText($("faults"), view.faults.join("  ·  "));
  $("faults").title = view.faults.join("\n");
  document.body.dataset.chaos = view.chaos?.state ?? "none";
  if (view.trading !== null) showTrading(view.trading, view.sources.trading.stale);
}

// Without a connection nothing shown is known to hold, the rung least of all.
function showRung() {
  const lost = connection === "lost";
  const name = lost ? "UNKNOWN" : view.rung.name;
  setText($("rung-name"), name.replace("_", " "));
  $("rung-name").dataset.rung = name;
  setText($("rung-reason"), lost ? `no connection to the console; ${view.rung.name} at ${time(view.at_ms)}` : view.rung.reason);
  $("rung-reason").title = $("rung-reason").textContent;
  document.title = `${name.replace("_", " ")} · ${document.body.dataset.page} · tradigrade`;
}

function showTrading(trading, stale) {
  document.body.dataset.trading = stale ? "stale" : "fresh";
  showFigures(trading);
  $("reconciled").textContent = trading.reconciled ? "reconciled" : "not reconciled";
  $("reconciled").className = trading.reconciled ? "gain" : "loss";
}

function showFigures(trading) {
  const profit = Number(trading.profit);
  $("equity").textContent = `${money(trading.equity)} ${trading.currency}`;
  $("profit").textContent = `${profit > 0 ? "+" : ""}${money(trading.profit)}`;
  $("profit").className = profit > 0 ? "gain" : profit < 0 ? "loss" : "";
  const balances = Object.entries(trading.balances).map(([currency, amount]) => `${price(exact(amount))} ${currency}`);
  $("balances").textContent = balances.slice(0, 2).join(" · ") + (balances.length > 2 ? " …" : "");
  $("balances").title = balances.join("\n");
}

// Live regions speak at every change of text: set it only when it differs.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
