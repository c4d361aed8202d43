// What a tool was given and what it returned, laid out for people: trees and tables instead of JSON. The dashboard's
// pages lay it out in the same way, in json_layout.py and layout.html.
import { element } from "/console/dom.js";

const MOST_LETTERS = 64 * 1024;
const MOST_DEPTH = 6;
const MOST_NODES = 400;
const MOST_COLUMNS = 8;
const MOST_WORDS = 500;

// The layout of a text that is a JSON object or array; null where it is something else.
export function parse(text) {
  if (text.length > MOST_LETTERS || !/^\s*[{[]/.test(text)) return null;
  try {
    return layOut(JSON.parse(text));
  } catch {
    return null;
  }
}

// The layout of a value from JSON, bounded in depth and size.
export function layOut(value) {
  return node(value, 0, { left: MOST_NODES });
}

function node(value, depth, room) {
  const isPart = value !== null && typeof value === "object";
  if (!isPart || !Object.keys(value).length) return element("bdi", { textContent: words(value) });
  if (depth === MOST_DEPTH) return element("bdi", { textContent: short(value) });
  const columns = Array.isArray(value) ? columnsOf(value) : null;
  return columns ? table(value, columns, room) : tree(value, depth, room);
}

function tree(value, depth, room) {
  const pairs = Object.entries(value);
  const shown = [];
  for (const [name, each] of pairs) {
    if (room.left <= 0) break;
    room.left -= 1;
    const part = node(each, depth + 1, room);
    shown.push(Array.isArray(value) ? element("li", {}, part) : row(name, part));
  }
  const tag = Array.isArray(value) ? "ul" : "dl";
  return withRest(element(tag, { className: "tree" }, ...shown), pairs.length - shown.length);
}

function row(name, part) {
  return element("div", {}, element("dt", {}, element("bdi", { textContent: name })), element("dd", {}, part));
}

function table(rows, columns, room) {
  const shown = rows.slice(0, Math.max(1, Math.floor(room.left / columns.length)));
  room.left -= shown.length * columns.length;
  const head = element("tr", {}, ...columns.map((name) => element("th", { textContent: name })));
  const cells = (each) => columns.map((name) => element("td", {}, element("bdi", { textContent: words(each[name]) })));
  const body = shown.map((each) => element("tr", {}, ...cells(each)));
  const made = element("table", { className: "tree", tabIndex: 0 }, element("thead", {}, head), element("tbody", {}, ...body));
  return withRest(made, rows.length - shown.length);
}

function withRest(part, leftOut) {
  if (!leftOut) return part;
  const rest = document.createDocumentFragment();
  rest.append(part, element("small", { textContent: `and ${leftOut} more` }));
  return rest;
}

// The columns of a list of objects that all have the same plain parts; null where they differ.
function columnsOf(rows) {
  const isMap = (each) => each !== null && typeof each === "object" && !Array.isArray(each);
  if (!rows.every(isMap)) return null;
  const names = Object.keys(rows[0]);
  const isFlat = (each) => Object.values(each).every((part) => part === null || typeof part !== "object");
  const alike = rows.every((each) => Object.keys(each).join("\n") === names.join("\n") && isFlat(each));
  return alike && names.length && names.length <= MOST_COLUMNS ? names : null;
}

const words = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function short(value) {
  const text = JSON.stringify(value);
  return text.length > MOST_WORDS ? `${text.slice(0, MOST_WORDS)}…` : text;
}
