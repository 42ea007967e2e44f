// Candles with volume below, and our fills as arrows in them, on a canvas. Rows are [time_ms, open, high, low, close, volume].

import { fit, line, say, ticks } from "./charts.js";

const MARGIN = { top: 10, right: 72, bottom: 20, left: 8 };
const VOLUME_PART = 0.16; // of the height
const WIDTH_MIN = 5; // of a candle, in pixels
const [UP, DOWN, GRID, QUIET, TEXT] = ["#3fb950", "#f85149", "#222b36", "#7d8794", "#d9e0e8"];

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

export function drawCandles(canvas, rows, interval_ms, fills, format) {
  const context = fit(canvas);
  if (rows.length === 0) return say(context, canvas, "no trades yet");
  const scale = makeScale(canvas, rows, interval_ms, fills);
  drawGrid(context, canvas, scale, format);
  for (const row of scale.rows) drawCandle(context, scale, row);
  for (const fill of fills) drawFill(context, scale, fill);
  drawLast(context, canvas, scale, scale.rows.at(-1), format);
}

function makeScale(canvas, all, interval_ms, fills) {
  const width = canvas.clientWidth - MARGIN.left - MARGIN.right;
  const count = Math.max(10, Math.floor(width / WIDTH_MIN));
  const end = all.at(-1)[0] + interval_ms;
  const start = Math.max(end - count * interval_ms, Math.min(all[0][0], end - 40 * interval_ms));
  const rows = all.filter(([time]) => time >= start);
  const shown = fills.filter(({ time_ms }) => time_ms >= start).map(({ price }) => Number(price));
  const [low, high] = [Math.min(...rows.map((row) => row[3]), ...shown), Math.max(...rows.map((row) => row[2]), ...shown)];
  const pad = (high - low || high * 0.001) * 0.06;
  const [bottom, top] = [low - pad, high + pad];
  const foot = canvas.clientHeight - MARGIN.bottom;
  const floor = foot - (foot - MARGIN.top) * VOLUME_PART;
  const most = Math.max(...rows.map((row) => row[5])) || 1;
  return {
    rows, start, end, bottom, top, foot, interval_ms,
    candle: Math.max(1, (width * interval_ms) / (end - start)),
    x: (time) => MARGIN.left + ((time - start) / (end - start)) * width,
    y: (price) => MARGIN.top + ((top - price) / (top - bottom)) * (floor - MARGIN.top),
    volume: (amount) => (amount / most) * (foot - floor) * 0.9,
  };
}

function drawGrid(context, canvas, scale, format) {
  context.strokeStyle = GRID;
  context.fillStyle = QUIET;
  context.textAlign = "left";
  for (const value of ticks(scale.bottom, scale.top, 8)) {
    line(context, MARGIN.left, scale.y(value), canvas.clientWidth - MARGIN.right, scale.y(value));
    context.fillText(format(value), canvas.clientWidth - MARGIN.right + 6, scale.y(value));
  }
  context.textAlign = "center";
  const step = (scale.end - scale.start) / 6;
  for (let part = 1; part < 6; part += 1) {
    const time = scale.start + part * step;
    context.fillText(new Date(time).toISOString().slice(11, 19), scale.x(time), canvas.clientHeight - 9);
  }
}

function drawCandle(context, scale, [time, open, high, low, close, volume]) {
  const colour = close >= open ? UP : DOWN;
  const [left, body] = [scale.x(time), Math.max(1, scale.candle * 0.7)];
  const middle = left + scale.candle / 2;
  context.fillStyle = `${colour}55`;
  context.fillRect(middle - body / 2, scale.foot - scale.volume(volume), body, scale.volume(volume));
  context.fillStyle = colour;
  context.fillRect(middle - 0.5, scale.y(high), 1, Math.max(1, scale.y(low) - scale.y(high)));
  const [top, bottom] = [scale.y(Math.max(open, close)), scale.y(Math.min(open, close))];
  context.fillRect(middle - body / 2, top, body, Math.max(1, bottom - top));
}

// An arrow up from below where we bought, down from above where we sold.
function drawFill(context, scale, { time_ms, side, price }) {
  if (time_ms < scale.start) return;
  const [x, y, away] = [scale.x(time_ms), scale.y(Number(price)), side === "buy" ? 1 : -1];
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - 5, y + 9 * away);
  context.lineTo(x + 5, y + 9 * away);
  context.closePath();
  context.fillStyle = side === "buy" ? "#58a6ff" : "#f0b429";
  context.fill();
  context.strokeStyle = "#06090d";
  context.stroke();
}

function drawLast(context, canvas, scale, row, format) {
  const y = scale.y(row[4]);
  context.strokeStyle = QUIET;
  context.setLineDash([3, 3]);
  line(context, MARGIN.left, y, canvas.clientWidth - MARGIN.right, y);
  context.setLineDash([]);
  context.fillStyle = row[4] >= row[1] ? UP : DOWN;
  context.fillRect(canvas.clientWidth - MARGIN.right, y - 8, MARGIN.right, 16);
  context.fillStyle = "#06090d";
  context.textAlign = "left";
  context.fillText(format(row[4]), canvas.clientWidth - MARGIN.right + 6, y);
  context.fillStyle = TEXT;
}
