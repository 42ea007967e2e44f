// Numbers, ages and times as people read them. Exact values stay strings and go into titles.

export const NONE = "–";

export function money(text, digits = 2) {
  if (text === null || text === undefined) return NONE;
  return Number(text).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function exact(text) {
  if (text === null || text === undefined) return NONE;
  const [whole, fraction = ""] = text.split(".");
  const kept = fraction.replace(/0+$/, "");
  return kept ? `${whole}.${kept}` : whole;
}

// The numbers in a text as `exact` has them.
export function trimmed(text) {
  return text.replace(/\d+\.\d+/g, exact);
}

// Groups the thousands, and drops zeros at the end beyond two decimals.
export function price(text) {
  if (text === null || text === undefined) return NONE;
  const [whole, fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction ? `${grouped}.${fraction.replace(/(?<=^..+)0+$/, "")}` : grouped;
}

export function count(number) {
  return number.toLocaleString("en-US");
}

export function loss(number) {
  return number === null ? NONE : number.toFixed(4);
}

export function age(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

export function duration(milliseconds) {
  if (milliseconds === null) return "> 5 s";
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`;
  return milliseconds < 1000 ? `${milliseconds} ms` : `${milliseconds / 1000} s`;
}

export function time(milliseconds) {
  return new Date(milliseconds).toISOString().slice(11, 19);
}

export function moment(milliseconds) {
  return new Date(milliseconds).toISOString();
}
