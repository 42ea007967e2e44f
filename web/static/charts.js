// A line chart of [[time_ms, value], …] on a canvas: scale, grid, a filled line, and at wish one reference line.

const MARGIN = { top: 8, right: 68, bottom: 18, left: 8 };
const STEPS = [1, 2, 2.5, 5, 10];

export function draw(canvas, points, { colour, format, reference = null }) {
  const context = fit(canvas);
  const shown = points.filter(([, value]) => value !== null);
  if (shown.length < 2) return say(context, canvas, "no data yet");
  const scale = makeScale(canvas, shown, reference);
  drawGrid(context, canvas, scale, format);
  if (reference !== null) drawReference(context, canvas, scale, reference);
  drawLine(context, canvas, scale, shown, colour);
}

export function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  return context;
}

export function say(context, canvas, text) {
  context.fillStyle = "#7d8794";
  context.textAlign = "center";
  context.fillText(text, canvas.clientWidth / 2, canvas.clientHeight / 2);
}

function makeScale(canvas, points, reference) {
  const values = points.map(([, value]) => value).concat(reference ?? []);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || Math.abs(high) * 0.001 || 1) * 0.08;
  const [bottom, top] = [low - pad, high + pad];
  const [start, end] = [points[0][0], points.at(-1)[0]];
  const width = canvas.clientWidth - MARGIN.left - MARGIN.right;
  const height = canvas.clientHeight - MARGIN.top - MARGIN.bottom;
  return {
    bottom, top, start, end,
    x: (time) => MARGIN.left + ((time - start) / (end - start || 1)) * width,
    y: (value) => MARGIN.top + ((top - value) / (top - bottom)) * height,
  };
}

export function ticks(low, high, wanted) {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * STEPS.find((candidate) => candidate * power >= raw);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}

function drawGrid(context, canvas, scale, format) {
  context.strokeStyle = "#222b36";
  context.fillStyle = "#7d8794";
  context.textAlign = "left";
  for (const value of ticks(scale.bottom, scale.top, 5)) {
    line(context, MARGIN.left, scale.y(value), canvas.clientWidth - MARGIN.right, scale.y(value));
    context.fillText(format(value), canvas.clientWidth - MARGIN.right + 6, scale.y(value));
  }
  const [clock, foot] = [(time) => new Date(time).toISOString().slice(11, 19), canvas.clientHeight - 8];
  context.fillText(clock(scale.start), MARGIN.left, foot);
  context.textAlign = "right";
  context.fillText(clock(scale.end), canvas.clientWidth - MARGIN.right, foot);
}

function drawReference(context, canvas, scale, value) {
  context.strokeStyle = "#9aa4b2";
  context.setLineDash([4, 4]);
  line(context, MARGIN.left, scale.y(value), canvas.clientWidth - MARGIN.right, scale.y(value));
  context.setLineDash([]);
}

function drawLine(context, canvas, scale, points, colour) {
  const path = new Path2D();
  points.forEach(([time, value], index) => path[index ? "lineTo" : "moveTo"](scale.x(time), scale.y(value)));
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.stroke(path);
  context.lineWidth = 1;
  path.lineTo(scale.x(scale.end), canvas.clientHeight - MARGIN.bottom);
  path.lineTo(scale.x(scale.start), canvas.clientHeight - MARGIN.bottom);
  const shade = context.createLinearGradient(0, MARGIN.top, 0, canvas.clientHeight - MARGIN.bottom);
  shade.addColorStop(0, `${colour}40`);
  shade.addColorStop(1, `${colour}00`);
  context.fillStyle = shade;
  context.fill(path);
}

export function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, Math.round(fromY) + 0.5);
  context.lineTo(toX, Math.round(toY) + 0.5);
  context.stroke();
}
