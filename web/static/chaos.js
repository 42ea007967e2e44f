// The chaos page: what was done to the running system, what came back, and what must hold whatever happens.

import { draw } from "./charts.js";
import { count, moment, NONE, time } from "./format.js";
import { setText, startPage } from "./header.js";
import { showLadder } from "./ladder.js";
import { fill } from "./tables.js";

const $ = (id) => document.getElementById(id);
const HOLDS = new Map([[true, "holds"], [false, "broken"], [null, "unknown"]]);
const number = (text) => ({ text, className: "number" });

function span(milliseconds) {
  if (milliseconds === null) return NONE;
  return milliseconds < 10000 ? `${count(Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function show(view) {
  showLadder(view.ladder, view.at_ms);
  $("hint").hidden = view.chaos !== null;
  if (view.chaos !== null) showRun(view.chaos);
}

function showRun(chaos) {
  setText($("run-state"), chaos.state);
  setText($("run-summary"), `fault ${chaos.done} of ${chaos.planned} · ${chaos.minutes} min · seed ${chaos.seed} · since ${time(chaos.started_ms)}`);
  showInvariants(chaos.invariants);
  showTimes(chaos.times);
  showSteps(chaos.steps);
  const points = chaos.steps.filter((step) => step.recovered_ms !== null).map((step) => [step.at_ms, step.recovered_ms]);
  draw($("repair-chart"), points.reverse(), { colour: "#4fd1c5", format: (value) => span(Math.max(0, value)) });
}

function showInvariants(invariants) {
  fill($("invariants"), invariants.map((one) => ({
    key: one.name,
    className: `invariant-${HOLDS.get(one.holds)}`,
    cells: [one.name, { text: HOLDS.get(one.holds), className: "holds" }, { text: one.text, title: one.text, className: "reason" }],
  })));
}

function showTimes(times) {
  fill($("times"), times.map((one) => ({
    key: one.kind,
    className: one.kind === "all" ? "total" : "",
    cells: [
      one.kind, number(one.count === one.recovered ? count(one.count) : `${one.recovered} of ${one.count}`),
      number(span(one.p50_ms)), number(span(one.p99_ms)), number(span(one.max_ms)),
    ],
  })));
}

function showSteps(steps) {
  fill($("steps"), steps.map((step) => ({
    key: String(step.number),
    className: `verdict-${step.verdict.replace(" ", "-")}`,
    cells: [
      String(step.number),
      { text: time(step.at_ms), title: moment(step.at_ms), className: "time" },
      step.kind,
      { text: step.target, title: step.target, className: "target" },
      { text: step.what, title: step.what, className: "reason" },
      number(span(step.noticed_ms)),
      number(span(step.recovered_ms)),
      { text: step.rung.replace("_", " "), className: `rung rung-${step.rung}` },
      { text: step.verdict, title: step.text, className: "verdict" },
    ],
  })));
}

startPage(show);
