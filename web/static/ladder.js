// The ladder: where each scope stands and why, and how it came there.

import { age, moment, time } from "./format.js";
import { fill } from "./tables.js";

const $ = (id) => document.getElementById(id);
const ORDER = ["NORMAL", "FALLBACK", "REDUCING", "CANCEL_ONLY", "HALTED", "FENCED", "UNKNOWN"];
const spelled = (rung) => rung.replace("_", " ");
const reason = (text, more = "") => ({ text, title: more ? `${text}\n${more}` : text, className: "reason" });

export function showLadder(ladder, nowMs) {
  fill($("standings"), ladder.standings.map((one) => ({
    key: one.scope,
    cells: [
      { text: one.scope, title: one.scope, className: "scope" },
      { text: spelled(one.rung), className: `rung rung-${one.rung}` },
      { text: age((nowMs - one.since_ms) / 1000), title: `since ${moment(one.since_ms)}`, className: "number faint" },
      reason(one.reason),
    ],
  })));
  fill($("moves"), ladder.moves.map((one) => ({
    key: `${one.at_ms} ${one.scope} ${one.before} ${one.after}`,
    cells: [
      { text: time(one.at_ms), title: moment(one.at_ms), className: "time" },
      { text: one.scope, title: one.scope, className: "scope" },
      { text: `${isDown(one) ? "↓" : "↑"} ${spelled(one.after)}`, title: `${one.before} → ${one.after}`, className: `rung rung-${one.after}` },
      reason(one.reason, one.causes.join("\n")),
    ],
  })));
}

function isDown(move) {
  return ORDER.indexOf(move.after) > ORDER.indexOf(move.before);
}
