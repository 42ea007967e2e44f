// One function per panel, from a part of the view to its rows.

import { age, count, duration, exact, loss, moment, money, NONE, price, time, trimmed } from "./format.js";
import { setText } from "./header.js";
import { fill } from "./tables.js";

const $ = (id) => document.getElementById(id);
const number = (text, more = {}) => ({ text, className: "number", ...more });
const when = (milliseconds) => ({ text: time(milliseconds), title: moment(milliseconds), className: "time" });
const side = (name) => ({ text: name, className: name });

// -- supervision ------------------------------------------------------------------------------------------------------

const TROUBLED = ["stalled", "restarting", "failed"];
const folded = new Set();
const restartsSeen = new Map();

export function showTree(nodes) {
  const rows = nodes.flatMap((node) => branch({ ...node, path: `node:${node.name}`, children: node.actors }, 0));
  fill($("tree"), rows);
  const up = nodes.filter((node) => node.state === "running").length;
  const troubled = nodes.flatMap((node) => node.actors).flatMap(everyone).filter((actor) => TROUBLED.includes(actor.state));
  const states = TROUBLED.map((state) => [troubled.filter((actor) => actor.state === state).length, state]);
  const told = states.filter(([number]) => number > 0).map(([number, state]) => ` · ${number} ${state}`);
  $("tree-summary").textContent = `${up} of ${nodes.length} nodes running${told.join("")}`;
}

function everyone(actor) {
  return [actor, ...actor.children.flatMap(everyone)];
}

function branch(item, depth) {
  const children = folded.has(item.path) ? [] : item.children.flatMap((child) => branch(child, depth + 1));
  return [treeRow(item, depth), ...children];
}

function treeRow(item, depth) {
  const restarted = item.restarts > (restartsSeen.get(item.path) ?? item.restarts);
  restartsSeen.set(item.path, item.restarts);
  const kind = depth === 0 ? "node" : item.supervisor ? "supervisor" : "actor";
  return {
    key: `${item.path}${item.children.length ? "+" : ""}`,
    className: `${kind} state-${item.state}`,
    cells: [
      nameCell(item, depth),
      { text: item.state, className: "state" },
      number(item.restarts ? count(item.restarts) : "0", { className: item.restarts ? "number warned" : "number faint" }),
      number(depth ? String(item.mailbox) : "", { className: item.mailbox ? "number" : "number faint" }),
      number(depth ? age(item.progress_age_s) : age(item.age_s)),
      { text: item.reason, title: item.reason, className: "reason", flash: restarted },
    ],
  };
}

function nameCell(item, depth) {
  const open = !folded.has(item.path);
  const title = [item.path.replace("node:", "node "), item.strategy, item.runtime, item.pid ? `process ${item.pid}` : ""];
  return {
    text: item.children.length ? `${open ? "▾" : "▸"} ${item.name}` : item.name,
    title: `${title.filter(Boolean).join(" · ")} · incarnation ${item.incarnation}`,
    className: `name depth-${Math.min(depth, 6)}`,
    aria: item.children.length ? { expanded: open } : undefined,
    button: item.children.length ? () => toggle(item.path) : undefined,
  };
}

function toggle(path) {
  if (!folded.delete(path)) folded.add(path);
  document.dispatchEvent(new Event("redraw"));
}

// -- trading ----------------------------------------------------------------------------------------------------------

export function showMarket(symbols) {
  fill($("market"), symbols.map((symbol) => ({
    key: symbol.symbol,
    className: symbol.live ? "" : "dead",
    cells: [
      { text: symbol.symbol, href: `/market?symbol=${encodeURIComponent(symbol.symbol)}` },
      number(price(symbol.bid), { className: "number buy" }),
      number(price(symbol.ask), { className: "number sell" }),
      number(price(symbol.last)),
      number(exact(symbol.position)),
      { text: symbol.rung, className: `rung rung-${symbol.rung}` },
      number(symbol.live ? age(symbol.age_s) : `stale ${age(symbol.age_s)}`),
      number(count(symbol.updates)),
    ],
  })));
}

export function showOrders(orders) {
  fill($("orders"), orders.map((order) => ({
    key: order.client_id,
    className: `order-${order.state}`,
    cells: [
      { ...when(order.at_ms), href: `/orders#${encodeURIComponent(order.client_id)}` }, order.symbol, side(order.side),
      number(amount(order), { title: `filled ${order.filled} of ${order.amount}` }),
      number(order.price === null ? "market" : price(order.price)),
      { text: order.state === "partially_filled" ? "partial" : order.state, className: "order-state", title: order.client_id },
      order.strategy,
    ],
  })));
}

function amount(order) {
  const whole = exact(order.amount);
  return order.state === "filled" ? whole : `${exact(order.filled)} / ${whole}`;
}

export function showFills(fills) {
  fill($("fills"), numbered(fills).map(([key, one]) => ({
    key,
    cells: [
      when(one.at_ms), one.symbol, side(one.side), number(exact(one.amount), { title: one.client_id }),
      number(price(one.price)), number(`${exact(one.fee)} ${one.fee_currency}`),
    ],
  })));
}

export function showRefusals(refusals) {
  fill($("refusals"), numbered(refusals).map(([key, one]) => {
    const numbers = Object.entries(one.numbers).map(([name, value]) => `${name} ${value}`).join(", ");
    return { key, cells: [when(one.at_ms), one.symbol, { text: one.code, title: one.code }, { text: trimmed(numbers), title: numbers, className: "reason" }] };
  }));
}

// -- learning ---------------------------------------------------------------------------------------------------------

let chosen = null;

export function showLearning(learning) {
  fill($("learning"), learning.map((one) => ({
    key: one.symbol,
    className: one === chosenLearning(learning) ? "chosen" : "",
    cells: [
      { text: one.symbol, title: "show its curve", button: () => choose(one.symbol),
        aria: { pressed: one === chosenLearning(learning) } },
      { text: one.champion, className: "champion" },
      { text: one.version, title: one.version, className: "reason" },
      number(count(one.learned_bars)),
      number(one.probability_up === null ? NONE : one.probability_up.toFixed(3)),
      { text: Object.entries(one.losses).map(([model, value]) => `${model} ${loss(value)}`).join("   "), className: "losses" },
    ],
  })));
}

export function chosenLearning(learning) {
  return learning.find((one) => one.symbol === chosen) ?? learning[0];
}

function choose(symbol) {
  chosen = symbol;
  document.dispatchEvent(new Event("redraw"));
}

// -- incidents and latencies ------------------------------------------------------------------------------------------

export function showIncidents(incidents) {
  fill($("incidents"), numbered(incidents).map(([key, one]) => ({
    key, cells: [when(one.at_ms), { text: one.subject.split("/").at(-1), title: one.subject, className: "subject" }, { text: one.text, title: one.text, className: "reason" }],
  })));
}

const FRESH_MS = 600_000;

// Whether one is fresh: then somebody should look.
export function showAlerts(alerts, nowMs) {
  fill($("alerts"), numbered(alerts).map(([key, one]) => ({
    key, cells: [when(one.at_ms), { text: one.code, className: "code" }, { text: trimmed(one.detail), title: one.detail, className: "reason" }],
  })));
  const fresh = alerts.filter((one) => nowMs - one.at_ms < FRESH_MS).length;
  setText($("alerts-tab"), fresh ? `Alerts ${fresh}` : "Alerts");
  $("alerts-tab").classList.toggle("fresh", fresh > 0);
  return fresh > 0;
}

export function showLatencies(nodes) {
  fill($("latencies"), nodes.flatMap((node) => Object.entries(node.latencies).map(([name, one]) => ({
    key: `${node.name} ${name}`,
    cells: [
      node.name, name.replaceAll("_", " "), number(count(one.count)),
      number(one.count ? duration(one.p50_ms) : NONE), number(one.count ? duration(one.p99_ms) : NONE),
    ],
  }))));
}

// Newest first, counted from the oldest of the same moment, so that a row keeps its key when a newer one arrives.
function numbered(rows) {
  const seen = new Map();
  return rows.toReversed().map((row) => {
    const name = [row.at_ms, row.client_id, row.subject, row.code].join(" ");
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return [`${name} ${seen.get(name)}`, row];
  }).toReversed();
}

