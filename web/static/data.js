// The data page: how far each symbol's market data is to be trusted, and what broke and was repaired. The feeds are
// asked only while it is open.

import { age, count, NONE } from "./format.js";
import { setText, startPage } from "./header.js";
import { fill } from "./tables.js";

const PERIOD_MS = 1000;
const KINDS = {
  disconnected: "the connection broke", stale: "connected, and nothing useful came", silent: "one symbol said nothing",
  frozen: "quotes or book stood still while the other went on", gap: "an update of the book was missing",
  crossed: "the best bid was at or above the best ask", checksum: "the venue's own sum over its book differed",
  unproven: "one stream alone told another price", lost: "the book was lost", trades: "no trades for unusually long",
};
const KEPT = {
  early: "before the first book", untouched: "trades before a quote", doubled: "trades told before", old: "late quotes",
  crossed: "bid at or above ask", price: "far from the last prices", time: "dated absurdly",
};
const $ = (id) => document.getElementById(id);
const number = (text, more = {}) => ({ text, className: "number", ...more });
const seconds = (value) => (value === null ? NONE : value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(2)} s`);
const short = (path) => path.split("/").at(-1);

function level(symbol) {
  if (!symbol.live) return "poor down";
  return symbol.score < 0.5 ? "poor" : symbol.score < 0.9 ? "fair" : "good";
}

function symbolRow(feed, one) {
  const kept = Object.entries(one.quarantined).map(([reason, times]) => `${count(times)} ${KEPT[reason] ?? reason}`).join(" · ");
  const words = one.live ? ["live", ...one.reasons].join(", ") : one.reason;
  const deviation = one.deviation_bps === null ? NONE : `${one.deviation_bps.toFixed(1)} bps`;
  return {
    key: `${feed.path} ${one.symbol}`,
    className: level(one),
    cells: [
      { text: one.symbol, href: `/market?symbol=${encodeURIComponent(one.symbol)}` }, { text: words, title: words, className: "reason" },
      { text: "", meter: one.score },
      number(one.score.toFixed(2), { className: "number score" }),
      number(seconds(one.silent_s)), number(seconds(one.usual_s)), number(seconds(one.lag_s)),
      number(count(one.updates)), number(count(one.late)), number(count(one.gaps)),
      number(count(one.trades_missed), { title: `${one.trade_gaps} gaps; ${one.trades_refilled} were read afterwards` }), number(count(one.repairs)),
      number(deviation), { text: short(feed.path), title: feed.path }, { text: kept || NONE, title: kept, className: "kept" },
    ],
  };
}

function feedRow(feed) {
  const venue = feed.reference ? `${feed.venue}, to compare with` : feed.venue;
  return {
    key: feed.path,
    className: feed.connected ? "" : "off",
    cells: [
      { text: short(feed.path), title: feed.path }, venue,
      { text: feed.connected ? "connected" : "down", className: "reason" },
      number(count(feed.connections)), number(seconds(feed.age_s)), number(count(feed.malformed)),
      number(count(feed.foreign)),
    ],
  };
}

function repairRow(feed, one) {
  return {
    key: `${feed.path} ${one.kind}`,
    cells: [
      KINDS[one.kind] ? `${one.kind}: ${KINDS[one.kind]}` : one.kind, short(feed.path),
      number(count(one.count)), number(seconds(one.p50_s)), number(seconds(one.max_s)), number(seconds(one.last_s)),
    ],
  };
}

function show(told) {
  const symbols = told.feeds.flatMap((feed) => feed.symbols.map((one) => symbolRow(feed, one)));
  const heard = told.age_s === null ? "" : `${symbols.length} symbols, ${age(told.age_s)} ago`;
  setText($("symbols-summary"), [told.fault, heard].filter(Boolean).join(" · "));
  fill($("symbols"), symbols);
  fill($("feeds"), told.feeds.map(feedRow));
  fill($("repairs"), told.feeds.flatMap((feed) => feed.repairs.map((one) => repairRow(feed, one))));
}

async function ask() {
  try {
    const answer = await fetch("/api/data");
    if (!answer.ok) throw new Error(`the console answers ${answer.status}`);
    const told = await answer.json();
    document.body.dataset.data = told.fault ? "stale" : "fresh";
    show(told);
  } catch (error) {
    if (!(error instanceof TypeError)) console.warn(String(error)); // a TypeError: no connection, which the header tells
    document.body.dataset.data = "stale";
  }
}

document.addEventListener("visibilitychange", () => document.hidden || ask());
setInterval(() => document.hidden || ask(), PERIOD_MS);
ask();
startPage(() => {});
