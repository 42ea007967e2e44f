// The kill switch: a button on every page, a dialog that asks why, and a banner for as long as everything is halted.

import { age, moment } from "./format.js";

const HEADERS = { "Content-Type": "application/json", "X-Tradigrade-Console": "1" };
const REASON_MAX = 500;
const HALT = {
  path: "/api/halt",
  title: "Halt all trading?",
  text: "Every order but protective stops is cancelled, and nothing leaves any more, over restarts too, until a person releases it.",
  label: "Why",
  action: "Halt everything",
};
const RELEASE = {
  path: "/api/release",
  title: "Let it trade again?",
  text: "What risk approves leaves again as soon as nothing else forbids it.",
  label: "Why it is safe again",
  action: "Release",
};
let dialog = null;
let button = null;
let banner = null;
let halted = null;

export function startHalt() {
  button = make("button", { type: "button", id: "halt-button", textContent: "Halt" });
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", () => open(halted ? RELEASE : HALT));
  document.querySelector("header").append(button);
  banner = make("p", { id: "halted", hidden: true });
  banner.setAttribute("role", "alert");
  document.querySelector("header").after(banner);
  dialog = makeDialog();
  document.body.append(dialog.element);
}

export function showHalt(halt, nowMs) {
  halted = halt;
  document.body.dataset.halted = String(halt !== null);
  button.textContent = halt ? "Release" : "Halt";
  banner.hidden = halt === null;
  if (halt === null) return;
  const since = halt.at_ms ? `, ${age((nowMs - halt.at_ms) / 1000)} ago` : "";
  const words = [make("strong", { textContent: "HALTED" }), make("span", { textContent: halt.reason }), make("small", { textContent: `by ${halt.by}${since}` })];
  banner.title = halt.at_ms ? `since ${moment(halt.at_ms)}` : "";
  if (banner.textContent !== words.map((word) => word.textContent).join("")) banner.replaceChildren(...words);
}

function makeDialog() {
  const element = make("dialog", { id: "halt-dialog" });
  const form = make("form");
  const title = make("h2", { id: "halt-title" });
  const text = make("p");
  const label = make("label");
  const word = make("span");
  const reason = make("textarea", { id: "halt-reason", rows: 3, maxLength: REASON_MAX, required: true });
  const fault = make("p", { className: "fault", hidden: true });
  const confirm = make("button", { type: "submit", id: "halt-confirm" });
  const cancel = make("button", { type: "button", textContent: "Cancel" });
  const buttons = make("div", { className: "buttons" });
  fault.setAttribute("role", "alert");
  element.setAttribute("aria-labelledby", "halt-title");
  label.append(word, reason);
  buttons.append(cancel, confirm);
  form.append(title, text, label, fault, buttons);
  element.append(form);
  cancel.addEventListener("click", () => element.close());
  reason.addEventListener("input", () => { confirm.disabled = reason.value.trim() === ""; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  return { element, title, text, word, reason, fault, confirm, wanted: HALT };
}

function open(wanted) {
  dialog.wanted = wanted;
  dialog.title.textContent = wanted.title;
  dialog.text.textContent = wanted === RELEASE ? `Halted by ${halted.by}: ${halted.reason}. ${wanted.text}` : wanted.text;
  dialog.word.textContent = wanted.label;
  dialog.confirm.textContent = wanted.action;
  dialog.confirm.className = wanted === HALT ? "danger" : "";
  dialog.confirm.disabled = true;
  dialog.fault.hidden = true;
  dialog.reason.value = "";
  dialog.element.showModal();
  dialog.reason.focus();
}

async function send() {
  dialog.confirm.disabled = true;
  const refused = await post(dialog.wanted.path, dialog.reason.value.trim());
  dialog.fault.hidden = refused === "";
  dialog.fault.textContent = refused;
  dialog.confirm.disabled = false;
  if (refused === "") dialog.element.close();
}

// Empty where it is done.
async function post(path, reason) {
  try {
    const answer = await fetch(path, { method: "POST", headers: HEADERS, body: JSON.stringify({ reason }) });
    const told = await answer.json();
    if (!answer.ok) return told.error;
    showHalt(told.halt, Date.now());
    return "";
  } catch (error) {
    return `the console did not answer (${error.message}); tradigrade kill engage --reason … does the same`;
  }
}

function make(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}
