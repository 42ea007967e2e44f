// One decision's chain, top down. Everything is set by textContent, so no data can become markup.

import { moment } from "./format.js";

let shown = "";

export function showStory(place, told) {
  const text = JSON.stringify(told);
  if (text === shown) return; // what is read or marked stays as it is
  shown = text;
  place.replaceChildren(...(told.error === undefined ? told.stages.map(stage) : [make("p", "hint", told.error)]));
}

function stage(told) {
  const refused = told.title === "What refused it";
  const element = make("article", `stage${told.missing ? " missing" : ""}${refused ? " refused" : ""}`);
  element.append(make("h3", "", told.title), make("p", "", told.said));
  if (told.facts.length) element.append(facts(told.facts));
  if (told.events.length) element.append(events(told.events));
  return element;
}

function facts(told) {
  const list = make("dl", "facts");
  told.forEach(({ name, value }) => list.append(make("dt", "", name), make("dd", "", value)));
  return list;
}

function events(told) {
  const table = make("table", "events");
  const body = table.createTBody();
  told.forEach((event) => {
    const row = body.insertRow();
    row.append(
      make("td", "time", moment(event.at_ms).slice(11, 23)), make("td", "number faint", after(event.after_ns)),
      make("td", "", event.text),
    );
  });
  return table;
}

// Below zero where the venue's clock is behind ours.
function after(elapsed_ns) {
  if (elapsed_ns === 0) return "";
  const size = Math.abs(elapsed_ns);
  const [unit, name] = size < 1e6 ? [1e3, "µs"] : size < 1e9 ? [1e6, "ms"] : size < 6e10 ? [1e9, "s"] : [6e10, "min"];
  const sign = elapsed_ns > 0 ? "+" : "−";
  return `${sign}${(size / unit).toPrecision(3).replace(/\.0+$/, "")} ${name}`;
}

function make(name, className, text = "") {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}
