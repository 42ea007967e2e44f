// The system page: takes whole views from the server and shows them. It keeps nothing that a view does not tell.

import { draw } from "./charts.js";
import { loss, money } from "./format.js";
import { setText, startPage } from "./header.js";
import { showLadder } from "./ladder.js";
import * as panels from "./panels.js";

const COIN = Math.log(2);
let openAlerts = () => {};
const $ = (id) => document.getElementById(id);

function show(view) {
  panels.showTree(view.nodes);
  panels.showIncidents(view.incidents);
  if (panels.showAlerts(view.alerts, view.at_ms)) openAlerts();
  panels.showLatencies(view.nodes);
  showLadder(view.ladder, view.at_ms);
  if (view.trading !== null) showTrading(view.trading);
}

function showTrading(trading) {
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

function startTabs(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const select = (chosen) => tabs.forEach((tab) => {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  });
  const choose = (tab) => {
    openAlerts = () => {}; // who chose a tab keeps it
    select(tab);
  };
  list.addEventListener("click", (event) => tabs.includes(event.target) && choose(event.target));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs.at((tabs.indexOf(document.activeElement) + step) % tabs.length);
    next.focus();
    choose(next);
  });
  select(tabs[0]);
  openAlerts = () => choose($("alerts-tab"));
}

startTabs(document.querySelector("[role=tablist]"));
startPage(show);
