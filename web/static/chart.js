// The candles under a hand: the wheel zooms, dragging moves in time, the pointer and the arrow keys read a candle.

import { drawFrame, makeFrame } from "./candles.js";

const WIDTH = 9; // of a candle, in pixels, unless somebody zoomed
const [COUNT_MIN, COUNT_MAX] = [15, 1500];
const AHEAD = 2; // candles left free at the right

// `onRead` gets the row that is pointed at, else the newest, or null; `onLive` whether the newest is in sight.
export function startChart(canvas, { onRead, onLive }) {
  let chart = { rows: [], fills: [], interval_ms: 1000, format: String };
  let frame = null;
  let pointer = null;
  let [count, end] = [null, null]; // null: as many as fit; up to now
  let [held, due] = [null, false];

  const fits = () => Math.max(COUNT_MIN, Math.floor(canvas.clientWidth / WIDTH));
  const newest = () => Math.max(chart.rows.at(-1)?.[0] ?? 0, chart.fills.at(-1)?.time_ms ?? 0);
  const live = () => newest() - (newest() % chart.interval_ms) + (1 + AHEAD) * chart.interval_ms;

  function span() {
    const least = chart.rows.length === 0 ? live() : Math.min(chart.rows[0][0], live() - 40 * chart.interval_ms);
    const most = Math.ceil((live() - least) / chart.interval_ms);
    return { count: Math.min(count ?? Math.min(fits(), most), COUNT_MAX), end: end ?? live() };
  }

  function draw() {
    due = false;
    frame = makeFrame(canvas, chart, span());
    if (frame !== null) drawFrame(frame, pointer);
    const at = frame === null || pointer === null ? null : frame.time(pointer.x);
    const pointed = at === null ? undefined : chart.rows.find(([time]) => time <= at && at < time + chart.interval_ms);
    onRead(pointed ?? (pointer === null ? chart.rows.at(-1) : null) ?? null, pointed !== undefined);
    onLive(end === null);
  }

  function soon() {
    if (!due) requestAnimationFrame(draw);
    due = true;
  }

  function move(to) {
    end = to >= live() || chart.rows.length === 0 ? null : Math.max(to, chart.rows[0][0] + AHEAD * chart.interval_ms);
    soon();
  }

  function zoom(factor, x) {
    if (frame === null) return;
    const { count: before, end: until } = span();
    const after = Math.round(Math.min(COUNT_MAX, Math.max(COUNT_MIN, before * factor)));
    const stays = frame.time(x);
    count = after;
    if (end === null) return soon();
    move(stays + ((until - stays) * after) / before);
  }

  function step(by) {
    if (frame === null) return;
    const at = pointer === null ? frame.rows.length : frame.rows.findLastIndex(([time]) => time <= frame.time(pointer.x)) + by;
    const row = frame.rows[Math.min(Math.max(pointer === null ? at - 1 : at, 0), frame.rows.length - 1)];
    pointer = { x: frame.middle(row[0]), y: null };
    soon();
  }

  function now() {
    [count, end, pointer] = [null, null, null];
    soon();
  }

  const KEYS = {
    ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => move(-Infinity), End: now, Escape: now,
    "+": () => zoom(1 / 1.3, frame?.right), "-": () => zoom(1.3, frame?.right),
  };
  canvas.addEventListener("keydown", (event) => {
    if (KEYS[event.key] === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, event.offsetX);
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    held = { x: event.offsetX, end: span().end };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    pointer = { x: event.offsetX, y: event.offsetY };
    if (held !== null && frame !== null && Math.abs(held.x - event.offsetX) > 3) {
      move(held.end + ((held.x - event.offsetX) * (frame.end - frame.start)) / (frame.right - 8));
    }
    soon();
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { held = null; });
  for (const name of ["pointerleave", "blur"]) canvas.addEventListener(name, () => { pointer = null; soon(); });
  canvas.addEventListener("dblclick", now);
  new ResizeObserver(soon).observe(canvas);

  // Of another symbol or interval: seen from now again.
  function show(next, anew) {
    chart = next;
    if (anew) [count, end] = [null, null];
    soon();
  }
  return { show, now };
}
