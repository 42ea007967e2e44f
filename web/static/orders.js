// The orders page: what the account's journal tells, asked for anew every two seconds while somebody looks.

import { count, exact, moment, money, NONE, price, time } from "./format.js";
import { setText, startPage } from "./header.js";
import { showStory } from "./story.js";
import { fill } from "./tables.js";

const PERIOD_MS = 2000;
const $ = (id) => document.getElementById(id);
const number = (text, more = {}) => ({ text, className: "number", ...more });
let view = null;
let asked = 0;

// -- orders -----------------------------------------------------------------------------------------------------------

function show() {
  if (view === null) return;
  showNote();
  setText($("orders-summary"), view.found > view.orders.length ? `the newest ${view.orders.length} of ${count(view.found)} kept` : count(view.found));
  offer("symbol", view.symbols);
  offer("strategy", view.strategies);
  fill($("history"), view.orders.map(orderRow));
  showPositions();
  showProfit();
}

function showNote() {
  const reading = view.progress === null ? "" : `reading the journal: ${Math.floor(view.progress * 100)} %, what is shown is not whole yet`;
  const begins = view.whole ? "" : `the journal begins at ${moment(view.begins_ms)}: positions are right, what was realised before is told of what is left`;
  const note = view.fault ? `the journal cannot be read to its end: ${view.fault}` : reading || begins;
  $("journal-note").hidden = note === "";
  setText($("journal-note"), note);
}

function orderRow(order) {
  const id = order.client_id ?? order.signal_id;
  const none = order.client_id === null;
  const open = () => choose(id);
  return {
    key: id,
    className: `order-${none && order.state !== "refused" ? "none" : order.state}${id === chosen() ? " chosen" : ""}`,
    onPress: open,
    cells: [
      { text: id, title: `${id}\nsignal ${order.signal_id}`, button: open, aria: { pressed: id === chosen() } },
      { text: time(order.at_ms), title: moment(order.at_ms), className: "time" },
      order.strategy, order.symbol, { text: order.side ?? NONE, className: order.side ?? "faint" },
      number(order.amount === null ? NONE : exact(order.amount)),
      number(order.price === null ? (order.type ?? NONE).replaceAll("_", " ") : price(order.price), { title: order.type ?? "" }),
      number(exact(order.filled), { title: order.average === null ? "" : `at ${order.average} on average` }),
      { text: state(order), title: order.why, className: "order-state" },
      gain(order.realised),
    ],
  };
}

function state(order) {
  const words = order.state === "partially_filled" ? "partial" : order.state;
  return order.state === "refused" || order.state === "rejected" ? `${words} ${order.why.split(":")[0]}` : words;
}

function gain(text, title = "") {
  if (text === null) return number("not known", { className: "number faint", title });
  const size = Math.abs(Number(text));
  const digits = size < 1 ? 4 : 2;
  const value = size < 0.00005 ? 0 : Number(text);
  return number(value ? `${value > 0 ? "+" : ""}${money(text, digits)}` : "0", { className: `number ${value > 0 ? "gain" : value < 0 ? "loss" : "faint"}`, title: title || text });
}

// -- positions and profit ---------------------------------------------------------------------------------------------

function showPositions() {
  fill($("positions"), view.positions.map((one) => ({
    key: `${one.strategy} ${one.symbol}`,
    className: one.strategy === null ? "own" : "strategy",
    cells: [
      one.strategy ?? "account", one.symbol, number(exact(one.amount)),
      number(one.average === null ? NONE : money(one.average), { title: one.average ?? "" }),
      number(one.price === null ? NONE : price(one.price), { title: one.price_from === null ? "" : `${one.price_from}, ${moment(one.price_at_ns / 1e6)}` }),
      gain(one.unrealised), gain(one.unrealised_fifo), gain(one.realised), gain(one.realised_fifo),
      number(money(one.fees, 4), { title: Object.entries(one.fees_paid).map(([currency, fee]) => `${fee} ${currency}`).join("\n") }),
    ],
  })));
  const origins = [...new Set(view.positions.map((one) => one.price_from).filter(Boolean))];
  setText($("positions-summary"), origins.length ? `worth at ${origins.join(", ")}` : "");
}

function showProfit() {
  fill($("days"), view.days.map((one) => ({
    key: `${one.day} ${one.strategy} ${one.symbol}`,
    cells: [
      one.day, one.strategy, one.symbol, number(count(one.fills)), number(money(one.bought)), number(money(one.sold)),
      gain(one.realised), gain(one.realised_fifo), number(money(one.fees, 4)),
    ],
  })));
  setText($("profit-summary"), view.accounts.map(accountWords).join(" · "));
}

function accountWords(one) {
  const rate = one.return === null ? "" : ` (${(Number(one.return) * 100).toFixed(3)} %)`;
  const moved = Number(one.transferred) ? `, ${money(one.transferred)} moved in or out` : "";
  return `${one.profit === null ? "not known" : `${Number(one.profit) > 0 ? "+" : ""}${money(one.profit)}`} ${one.currency}${rate} on ${money(one.opening)}${moved}`;
}

// -- filters and the chosen one ---------------------------------------------------------------------------------------

function offer(name, values) {
  const select = $("filters").elements[name];
  const known = new Set([...select.options].map((option) => option.value));
  values.filter((value) => !known.has(value)).forEach((value) => select.add(new Option(value, value)));
}

function chosen() {
  return decodeURIComponent(location.hash.slice(1));
}

function choose(id) {
  location.hash = encodeURIComponent(id);
}

async function ask() {
  const mine = ++asked;
  const filters = new URLSearchParams([...new FormData($("filters"))].filter(([, value]) => value));
  try {
    const answer = await fetch(`/api/orders?${filters}`);
    if (!answer.ok) throw new Error(`the console answers ${answer.status}`);
    const told = await answer.json();
    if (mine !== asked) return; // a later question is on its way
    view = told;
    document.body.dataset.history = "live";
    show();
    await explain();
  } catch (error) {
    if (!(error instanceof TypeError)) console.warn(String(error)); // a TypeError: no connection, which the header tells
    document.body.dataset.history = "lost";
  }
}

async function explain() {
  const id = chosen();
  setText($("chain-id"), id);
  if (!id) return;
  const answer = await fetch(`/api/explain?id=${encodeURIComponent(id)}`);
  const told = await answer.json();
  if (id === chosen()) showStory($("chain"), told);
}

$("filters").addEventListener("change", ask);
$("filters").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", () => {
  show();
  explain().catch(() => {}); // tried again with the next look
});
document.addEventListener("visibilitychange", () => document.hidden || ask());
setInterval(() => document.hidden || ask(), PERIOD_MS);
ask();
startPage(() => {});
