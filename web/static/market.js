// The market page: one symbol's candles with our fills in them, its order book, and the fills as a list. The portfolio is
// asked only while it is open. Which symbol and interval is in the address, so that it can be kept and passed on.

import { fold, joined } from "./candles.js";
import { startChart } from "./chart.js";
import { age, exact, moment, price, time } from "./format.js";
import { setText, startPage } from "./header.js";
import { fill } from "./tables.js";

const PERIOD_MS = 500;
const QUALITY_PERIOD_MS = 2000;
const COARSE = 60; // intervals in a coarse candle
const COUNTS = [1, 5, 15, 60, 300, 900, 3600];
const ROWS_MAX = 20_000; // of candles that are kept while the page is open
const $ = (id) => document.getElementById(id);
const number = (text, more = {}) => ({ text, className: "number", ...more });
const wanted = new URLSearchParams(location.search);
let symbols = [];
let symbol = "";
let count = 1; // intervals of the portfolio in a candle
let rows = new Map(); // by time
let coarse = new Map();
let told = null;
const chart = startChart($("candles"), { onRead: showReadout, onLive: (live) => { $("live-button").hidden = live; } });

// -- what is looked at ------------------------------------------------------------------------------------------------

function readable(ms) {
  return ms < 60_000 ? `${ms / 1000}s` : ms < 3_600_000 ? `${ms / 60_000}m` : ms < 86_400_000 ? `${ms / 3_600_000}h` : `${ms / 86_400_000}d`;
}

const plain = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, "");

// The symbol that somebody means: spelled so, else the first that begins so.
function meant(text) {
  const word = plain(text);
  return word === "" ? undefined : symbols.find((one) => plain(one) === word) ?? symbols.find((one) => plain(one).startsWith(word));
}

function showSymbols(found) {
  const names = found.map((one) => one.symbol);
  if (names.join() === symbols.join()) return;
  symbols = names;
  $("symbols").replaceChildren(...symbols.map((name) => new Option(name, name)));
  if (symbol === "" && symbols.length > 0) choose(meant(wanted.get("symbol") ?? "") ?? symbols[0]);
}

function choose(name) {
  if (name !== symbol) {
    [symbol, rows, coarse, told] = [name, new Map(), new Map(), null];
    fill($("book"), []);
    fill($("fills"), []);
    setText($("book-summary"), "");
    setText($("quality"), "");
    setText($("chart-summary"), "waiting for the portfolio");
    chart.show({ rows: [], fills: [], interval_ms: 1000, format: String }, true);
    ask();
    askQuality();
  }
  $("symbol").value = symbol;
  keepAddress();
}

function keepAddress() {
  wanted.set("symbol", symbol);
  if (told?.interval_ms) wanted.set("interval", readable(told.interval_ms * count));
  history.replaceState(null, "", `?${wanted.toString().replaceAll("%2F", "/")}`);
}

function offerIntervals() {
  const names = COUNTS.map((each) => readable(told.interval_ms * each));
  if ([...$("intervals").children].map((button) => button.textContent).join() === names.join()) return;
  count = COUNTS[Math.max(names.indexOf(wanted.get("interval")), 0)];
  const buttons = COUNTS.map((each, index) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: names[index] });
    button.setAttribute("aria-pressed", String(each === count));
    button.addEventListener("click", () => chooseInterval(each));
    return button;
  });
  $("intervals").replaceChildren(...buttons);
  keepAddress();
}

function chooseInterval(chosen) {
  count = chosen;
  [...$("intervals").children].forEach((button, index) => button.setAttribute("aria-pressed", String(COUNTS[index] === count)));
  keepAddress();
  draw(true);
}

// -- the chart --------------------------------------------------------------------------------------------------------

// As fine as the book's own prices.
function places() {
  const fraction = [...told.bids, ...told.asks].map(([level]) => exact(level).split(".")[1]?.length ?? 0);
  const value = [...rows.values()].at(-1)?.[4] ?? 1;
  return fraction.length > 0 ? Math.max(...fraction) : Math.max(2, 5 - Math.floor(Math.log10(value)) - 1);
}

function draw(anew = false) {
  if (told === null) return;
  const digits = { minimumFractionDigits: places(), maximumFractionDigits: places() };
  const interval_ms = (told.interval_ms ?? 1000) * count;
  const format = (value) => value.toLocaleString("en-US", digits);
  const fine = [...rows.values()];
  const known = count % COARSE === 0 ? joined(fine, [...coarse.values()], told.interval_ms * COARSE) : fine;
  chart.show({ rows: fold(known, told.interval_ms, count), fills: told.fills, interval_ms, format }, anew);
}

function showReadout(row, pointed) {
  if (row === null || told === null) return setText($("readout"), "");
  const [start, open, high, low, close, volume] = row;
  const format = (value) => value.toLocaleString("en-US", { minimumFractionDigits: places(), maximumFractionDigits: places() });
  const change = ((close / open - 1) * 100).toFixed(2);
  const end = start + told.interval_ms * count;
  const ours = told.fills.filter(({ time_ms }) => time_ms >= start && time_ms < end);
  const words = ["buy", "sell"].map((side) => [side, ours.filter((one) => one.side === side)]).filter(([, some]) => some.length > 0)
    .map(([side, some]) => `${side === "buy" ? "bought" : "sold"} ${total(some)} in ${some.length}`);
  const when = pointed ? `${moment(start).slice(0, 10)} ${time(start)}` : "Now";
  const figures = `O ${format(open)}  H ${format(high)}  L ${format(low)}  C ${format(close)}  ${change >= 0 ? "+" : ""}${change} %  V ${amount(volume)}`;
  setText($("readout"), [when, figures, ...words].join("  ·  "));
  $("readout").className = close >= open ? "gain" : "loss";
}

const amount = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 5 });
const total = (some) => amount(some.reduce((sum, one) => sum + Number(one.amount), 0));

// -- book and fills ---------------------------------------------------------------------------------------------------

function showBook() {
  const deepest = Math.max(...[...told.bids, ...told.asks].map(([, size]) => Number(size)), 0) || 1;
  const [prices, sizes] = [aligned([...told.bids, ...told.asks].map(([level]) => level)), aligned([...told.bids, ...told.asks].map(([, size]) => size))];
  const row = (side) => ([level, size], index) => ({
    key: `${side} ${index}`,
    className: side,
    cells: [number(prices(level), { title: level }), number(sizes(size), { title: size }), { text: "", meter: Number(size) / deepest }],
  });
  const [bid, ask] = [told.bids[0], told.asks[0]];
  if (bid === undefined || ask === undefined) {
    setText($("book-summary"), "");
    return fill($("book"), []);
  }
  const spread = Number(ask[0]) - Number(bid[0]);
  setText($("book-summary"), `spread ${((spread / Number(bid[0])) * 1e4).toFixed(2)} bps`);
  const between = { key: "spread", className: "spread", cells: [number(prices(spread.toFixed(8))), number(""), { text: "", meter: 0 }] };
  fill($("book"), [...told.asks.map(row("ask")).reverse(), between, ...told.bids.map(row("bid"))]);
}

// One number of decimals for a whole column, the most that any of it needs.
function aligned(texts) {
  const most = Math.max(0, ...texts.map((text) => exact(text).split(".")[1]?.length ?? 0));
  return (text) => Number(text).toLocaleString("en-US", { minimumFractionDigits: most, maximumFractionDigits: most });
}

function showFills() {
  const newest = [...told.fills].reverse();
  const sizes = aligned(newest.map((one) => one.amount));
  fill($("fills"), newest.map((one, index) => ({
    key: `${one.client_id} ${one.time_ms} ${one.price} ${one.amount} ${newest.length - index}`,
    className: one.side,
    cells: [
      { text: time(one.time_ms), title: moment(one.time_ms) }, one.side, number(sizes(one.amount), { title: one.amount }), number(price(one.price)),
      { text: one.client_id, title: one.client_id, href: `/orders#${encodeURIComponent(one.client_id)}` },
    ],
  })));
}

// -- asking -----------------------------------------------------------------------------------------------------------

function show(answer) {
  if (told?.interval_ms !== answer.interval_ms) [rows, coarse] = [new Map(), new Map()];
  for (const row of answer.candles) rows.set(row[0], row);
  for (const row of answer.coarse) coarse.set(row[0], row);
  if (rows.size > ROWS_MAX) rows = new Map([...rows].slice(-ROWS_MAX));
  const first = told === null;
  told = answer;
  if (told.interval_ms !== null) offerIntervals();
  const words = told.age_s === null ? "" : `${rows.size.toLocaleString("en-US")} intervals with trades, ${age(told.age_s)} ago`;
  setText($("chart-summary"), [told.fault, words].filter(Boolean).join(" · "));
  draw(first);
  showBook();
  showFills();
}

async function get(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the console answers ${answer.status}`);
  return answer.json();
}

// The newest candle that is known was still open: from it on.
async function ask() {
  if (symbol === "") return;
  const asked = symbol;
  const since = Math.max(0, ...[...rows.keys()].slice(-1));
  try {
    const body = await get(`/api/chart?symbol=${encodeURIComponent(asked)}&since_ms=${since}`);
    if (asked !== symbol) return;
    document.body.dataset.chart = body.fault ? "stale" : "fresh";
    show(body);
  } catch (error) {
    if (!(error instanceof TypeError)) console.warn(String(error)); // a TypeError: no connection, which the header tells
    document.body.dataset.chart = "stale";
  }
}

async function askQuality() {
  const asked = symbol;
  try {
    const { feeds } = await get("/api/data");
    const one = feeds.filter((feed) => !feed.reference).flatMap((feed) => feed.symbols).find((each) => each.symbol === asked);
    if (asked !== symbol) return;
    setText($("quality"), one === undefined ? "" : `data ${one.score.toFixed(2)} · ${one.live ? ["live", ...one.reasons].join(", ") : one.reason}`);
    $("quality").className = one === undefined ? "" : !one.live || one.score < 0.5 ? "loss" : one.score < 0.9 ? "warned" : "gain";
  } catch {
    setText($("quality"), "");
  }
}

$("symbol").addEventListener("focus", () => $("symbol").select());
$("symbol").addEventListener("change", () => choose(meant($("symbol").value) ?? symbol));
$("live-button").addEventListener("click", chart.now);
document.addEventListener("visibilitychange", () => document.hidden || ask());
setInterval(() => document.hidden || ask(), PERIOD_MS);
setInterval(() => document.hidden || symbol === "" || askQuality(), QUALITY_PERIOD_MS);
startPage((view) => {
  if (view.trading !== null) showSymbols(view.trading.symbols);
});
