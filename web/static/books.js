// How books and venue compare: the verdict, what differs and whose orders are not ours, then what was mended.

import { moment, time, trimmed } from "./format.js";
import { setText } from "./header.js";
import { fill } from "./tables.js";

const $ = (id) => document.getElementById(id);

export function showBooks(told) {
  const known = told.equal !== null && !told.fault;
  const verdict = !known ? "unknown" : told.equal ? "equal" : "differ";
  setText($("books-verdict"), { unknown: "not known", equal: "equal", differ: "NOT EQUAL" }[verdict]);
  $("books-verdict").className = `verdict-${verdict}`;
  setText($("books-summary"), told.fault || summary(told));
  fill($("differences"), [
    ...told.standing.map((words) => stands(words, "differs", "stands now")),
    ...told.foreign.map((words) => stands(words, "foreign", "not ours: left alone")),
    ...told.latest.map(past),
  ]);
}

function summary(told) {
  const doubt = told.unknown_orders ? `in doubt: ${told.unknown_orders}` : "";
  const compared = told.equal === null ? "" : `compared ${time(told.at_ms)}`;
  return [compared, `our open orders: ${told.open_orders ?? 0}`, doubt].filter(Boolean).join(" · ");
}

// The words of one that stands: "kind subject: books …, venue …".
function stands(words, className, how) {
  const [what, ...numbers] = words.split(": ");
  return row(`${className} ${words}`, className, { text: "now" }, what, numbers.join(": "), how);
}

function past(one) {
  const when = { text: time(one.at_ms), title: moment(one.at_ms), className: "time" };
  const numbers = `books ${one.books}, venue ${one.venue}`;
  const key = `${one.at_ms} ${one.kind} ${one.subject} ${one.resolution}`;
  return row(key, "past", when, `${one.kind} ${one.subject}`, numbers, one.resolution || "noted, stood then");
}

function row(key, className, when, what, numbers, how) {
  const short = trimmed(numbers);
  return {
    key, className,
    cells: [when, { text: what, title: what, className: "what" }, { text: short, title: numbers, className: "reason" }, { text: how, title: how, className: "how" }],
  };
}
