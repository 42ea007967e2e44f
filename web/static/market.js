// The market page: one symbol's candles with our fills in them, its order book, and the fills as a list. The portfolio is
// asked only while it is open.

import { drawCandles, fold } from "./candles.js";
import { age, exact, price, time } from "./format.js";
import { setText, startPage } from "./header.js";
import { fill } from "./tables.js";

const PERIOD_MS = 500;
const COUNTS = [1, 5, 15, 60];
const $ = (id) => document.getElementById(id);
const number = (text, more = {}) => ({ text, className: "number", ...more });
let told = null;

function readable(ms) {
  return ms < 60_000 ? `${ms / 1000} s` : ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
}

function offer(select, options) {
  const known = [...select.options].map((option) => `${option.value} ${option.text}`).join();
  if (known === options.map(([value, text]) => `${value} ${text}`).join()) return;
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => String(value) === chosen)) select.value = chosen;
}

function showSymbols(symbols) {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const first = $("symbol").value === "";
  offer($("symbol"), symbols.map(({ symbol }) => [symbol, symbol]));
  if (first && symbols.some(({ symbol }) => symbol === wanted)) $("symbol").value = wanted;
  if (first && $("symbol").value !== "") ask();
}

function digits(rows) {
  const value = rows.at(-1)?.[4] ?? 1;
  return Math.max(2, 5 - Math.floor(Math.log10(value)) - 1);
}

function draw() {
  if (told === null) return;
  const count = Number($("interval").value || 1);
  const rows = told.interval_ms === null ? [] : fold(told.candles, told.interval_ms, count);
  const places = digits(rows);
  const format = (value) => value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  drawCandles($("candles"), rows, told.interval_ms * count, told.fills, format);
}

function showBook() {
  const deepest = Math.max(...[...told.bids, ...told.asks].map(([, size]) => Number(size)), 0) || 1;
  const row = (side) => ([level, size], index) => ({
    key: `${side} ${index}`,
    className: side,
    cells: [number(price(level), { title: level }), number(exact(size), { title: size }), { text: "", meter: Number(size) / deepest }],
  });
  const [bid, ask] = [told.bids[0], told.asks[0]];
  if (bid === undefined || ask === undefined) {
    setText($("book-summary"), "");
    return fill($("book"), []);
  }
  const spread = Number(ask[0]) - Number(bid[0]);
  setText($("book-summary"), `spread ${((spread / Number(bid[0])) * 1e4).toFixed(2)} bps`);
  const between = { key: "spread", className: "spread", cells: [number(exact(spread.toFixed(8))), number(""), { text: "", meter: 0 }] };
  fill($("book"), [...told.asks.map(row("ask")).reverse(), between, ...told.bids.map(row("bid"))]);
}

function showFills() {
  const newest = [...told.fills].reverse();
  fill($("fills"), newest.map((one, index) => ({
    key: `${one.client_id} ${one.time_ms} ${one.price} ${one.amount} ${newest.length - index}`,
    className: one.side,
    cells: [
      time(one.time_ms), one.side, number(exact(one.amount)), number(price(one.price)),
      { text: one.client_id, title: one.client_id, href: `/orders#${encodeURIComponent(one.client_id)}` },
    ],
  })));
}

function show(answer) {
  told = answer;
  const intervals = told.interval_ms === null ? [] : COUNTS.map((count) => [count, readable(told.interval_ms * count)]);
  offer($("interval"), intervals);
  const words = told.age_s === null ? "" : `${told.candles.length} intervals with trades, ${age(told.age_s)} ago`;
  setText($("chart-summary"), [told.fault, words].filter(Boolean).join(" · "));
  draw();
  showBook();
  showFills();
}

async function ask() {
  const symbol = $("symbol").value;
  if (symbol === "") return;
  try {
    const answer = await fetch(`/api/chart?symbol=${encodeURIComponent(symbol)}`);
    if (!answer.ok) throw new Error(`the console answers ${answer.status}`);
    const body = await answer.json();
    if (symbol !== $("symbol").value) return;
    document.body.dataset.chart = body.fault ? "stale" : "fresh";
    show(body);
  } catch (error) {
    if (!(error instanceof TypeError)) console.warn(String(error)); // a TypeError: no connection, which the header tells
    document.body.dataset.chart = "stale";
  }
}

$("symbol").addEventListener("change", () => {
  history.replaceState(null, "", `#${encodeURIComponent($("symbol").value)}`);
  ask();
});
$("interval").addEventListener("change", draw);
document.addEventListener("visibilitychange", () => document.hidden || ask());
setInterval(() => document.hidden || ask(), PERIOD_MS);
startPage((view) => {
  if (view.trading !== null) showSymbols(view.trading.symbols);
  draw();
});
