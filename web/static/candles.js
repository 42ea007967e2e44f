// Candles with volume below and our fills as arrows, on a canvas. Rows are [time_ms, open, high, low, close, volume]; a frame says which
// part of time is shown, and where time and price lie.

import { fit, line, say, ticks } from "./charts.js";

const [TOP, FOOT, LEFT] = [8, 22, 8];
const VOLUME_PART = 0.16; // of the height
const TICK_WIDTH = 90;
const [UP, DOWN, GRID, QUIET, TEXT, GROUND] = ["#3fb950", "#f85149", "#222b36", "#8b96a5", "#d9e0e8", "#06090d"];
const FILL = { buy: "#58a6ff", sell: "#f0b429" };
const SECOND = 1000;
const DAY = 86_400 * SECOND;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400].map((step) => step * SECOND);

// Folds each `count` intervals, aligned to the clock, into one.
export function fold(rows, interval_ms, count) {
  const folded = [];
  for (const [time, open, high, low, close, volume] of rows) {
    const start = time - (time % (interval_ms * count));
    const last = folded.at(-1);
    if (last === undefined || last[0] !== start) folded.push([start, open, high, low, close, volume]);
    else folded.splice(-1, 1, [start, last[1], Math.max(last[2], high), Math.min(last[3], low), close, last[5] + volume]);
  }
  return folded;
}

// Coarse rows, and fine ones from where these are whole.
export function joined(fine, coarse, coarse_ms) {
  if (fine.length === 0) return coarse;
  const begins = (time) => time - (time % coarse_ms);
  const [start, newest] = [begins(fine[0][0]), begins(fine.at(-1)[0])];
  const first = start !== newest && coarse.some(([time]) => time === start) ? start + coarse_ms : start;
  return [...coarse.filter(([time]) => time < first), ...fine.filter(([time]) => time >= first)];
}

// What we bought, and what we sold, in each candle, as one fill at the average price.
export function gathered(fills, interval_ms) {
  const groups = Map.groupBy(fills, ({ time_ms, side }) => `${side} ${time_ms - (time_ms % interval_ms)}`);
  return [...groups.values()].map((some) => {
    const amount = some.reduce((sum, one) => sum + Number(one.amount), 0);
    const cost = some.reduce((sum, one) => sum + Number(one.amount) * Number(one.price), 0);
    return { time_ms: some[0].time_ms, side: some[0].side, price: cost / amount };
  });
}

// null where there is nothing to show. `span` is {count, end}: so many candles, up to that time.
export function makeFrame(canvas, chart, span) {
  const { interval_ms, format } = chart;
  const context = fit(canvas);
  const start = span.end - span.count * interval_ms;
  const within = (time) => time > start - interval_ms && time < span.end;
  const rows = chart.rows.filter(([time]) => within(time));
  if (rows.length === 0) {
    say(context, canvas, chart.rows.length === 0 ? "no trades yet" : "no trades in this time");
    return null;
  }
  const fills = gathered(chart.fills.filter(({ time_ms }) => within(time_ms)), interval_ms);
  const seen = fills.map(({ price }) => price);
  const [low, high] = [Math.min(...rows.map((row) => row[3]), ...seen), Math.max(...rows.map((row) => row[2]), ...seen)];
  const pad = (high - low || high * 0.001) * 0.06;
  const [bottom, top] = [low - pad, high + pad];
  const right = canvas.clientWidth - Math.max(60, Math.ceil(context.measureText(format(top)).width) + 14);
  const foot = canvas.clientHeight - FOOT;
  const floor = foot - (foot - TOP) * VOLUME_PART;
  const most = Math.max(...rows.map((row) => row[5])) || 1;
  const x = (time) => LEFT + ((time - start) / (span.end - start)) * (right - LEFT);
  const middle = (time) => x(time - (time % interval_ms) + interval_ms / 2);
  return {
    context, rows, fills, start, end: span.end, bottom, top, right, foot, interval_ms, format, x, middle,
    width: (right - LEFT) / span.count,
    y: (price) => TOP + ((top - price) / (top - bottom)) * (floor - TOP),
    price: (y) => top - ((y - TOP) / (floor - TOP)) * (top - bottom),
    time: (at) => start + ((at - LEFT) / (right - LEFT)) * (span.end - start),
    volume: (amount) => (amount / most) * (foot - floor) * 0.9,
  };
}

export function drawFrame(frame, pointer) {
  drawGrid(frame);
  frame.context.save();
  frame.context.beginPath();
  frame.context.rect(0, 0, frame.right, frame.foot);
  frame.context.clip();
  for (const row of frame.rows) drawCandle(frame, row);
  for (const fill of frame.fills) drawFill(frame, fill);
  frame.context.restore();
  drawLast(frame, frame.rows.at(-1));
  if (pointer !== null) drawCross(frame, pointer);
}

function drawGrid(frame) {
  const { context } = frame;
  context.strokeStyle = GRID;
  context.fillStyle = QUIET;
  context.textAlign = "left";
  for (const value of ticks(frame.bottom, frame.top, Math.max(3, Math.floor(frame.foot / 60)))) {
    if (frame.y(value) > frame.foot) continue;
    line(context, LEFT, frame.y(value), frame.right, frame.y(value));
    context.fillText(frame.format(value), frame.right + 6, frame.y(value));
  }
  context.textAlign = "center";
  const wanted = ((frame.end - frame.start) * TICK_WIDTH) / (frame.right - LEFT);
  const step = STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / DAY) * DAY;
  for (let time = Math.ceil(frame.start / step) * step; time < frame.end; time += step) {
    const x = Math.round(frame.x(time)) + 0.5;
    if (x < LEFT + 20 || x > frame.right - 20) continue;
    context.beginPath();
    context.moveTo(x, TOP);
    context.lineTo(x, frame.foot);
    context.stroke();
    context.fillText(clock(time, step), x, frame.foot + 12);
  }
}

// Midnight tells its day.
export function clock(time, step) {
  const text = new Date(time).toISOString();
  if (time % DAY === 0) return text.slice(5, 10);
  return text.slice(11, step < 60 * SECOND ? 19 : 16);
}

function drawCandle(frame, [time, open, high, low, close, volume]) {
  const { context } = frame;
  const colour = close >= open ? UP : DOWN;
  const body = Math.max(1, Math.min(frame.width * 0.7, 40));
  const middle = frame.middle(time);
  context.fillStyle = `${colour}55`;
  context.fillRect(middle - body / 2, frame.foot - frame.volume(volume), body, frame.volume(volume));
  context.fillStyle = colour;
  context.fillRect(middle - 0.5, frame.y(high), 1, Math.max(1, frame.y(low) - frame.y(high)));
  const [top, bottom] = [frame.y(Math.max(open, close)), frame.y(Math.min(open, close))];
  context.fillRect(middle - body / 2, top, body, Math.max(1, bottom - top));
}

// An arrow up from below where we bought, down from above where we sold; its tip is the average price.
function drawFill(frame, { time_ms, side, price }) {
  const { context } = frame;
  const [x, y, away] = [frame.middle(time_ms), frame.y(price), side === "buy" ? 1 : -1];
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - 5, y + 9 * away);
  context.lineTo(x + 5, y + 9 * away);
  context.closePath();
  context.fillStyle = FILL[side];
  context.fill();
  context.strokeStyle = GROUND;
  context.stroke();
}

function drawLast(frame, row) {
  const y = frame.y(row[4]);
  dashed(frame.context, () => line(frame.context, LEFT, y, frame.right, y));
  tag(frame, y, frame.format(row[4]), row[4] >= row[1] ? UP : DOWN, GROUND);
}

function drawCross(frame, { x, y }) {
  const { context } = frame;
  const middle = Math.round(frame.middle(frame.time(x))) + 0.5;
  dashed(context, () => {
    context.beginPath();
    context.moveTo(middle, TOP);
    context.lineTo(middle, frame.foot);
    context.stroke();
    if (y !== null && y < frame.foot) line(context, LEFT, y, frame.right, y);
  });
  if (y !== null && y < frame.foot) tag(frame, y, frame.format(frame.price(y)), GRID, TEXT);
  const at = frame.time(x) - (frame.time(x) % frame.interval_ms);
  context.fillStyle = GRID;
  context.fillRect(middle - 34, frame.foot + 3, 68, 17);
  context.fillStyle = TEXT;
  context.textAlign = "center";
  context.fillText(clock(at, frame.interval_ms), middle, frame.foot + 12);
}

function dashed(context, draw) {
  context.strokeStyle = QUIET;
  context.setLineDash([3, 3]);
  draw();
  context.setLineDash([]);
}

// A price in the margin.
function tag({ context, right }, y, text, ground, colour) {
  context.fillStyle = ground;
  context.fillRect(right, y - 8, context.canvas.clientWidth - right, 16);
  context.fillStyle = colour;
  context.textAlign = "left";
  context.fillText(text, right + 6, y);
}
