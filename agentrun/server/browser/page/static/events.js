// The log of a call: what the server said and what the page did, which can be filtered.
import { $, element, follow } from "/console/dom.js";

const MOST = 2000;
const KINDS = [
  ["errors", /error/],
  ["tools", /function-call/],
  ["words", /text|output|transcription|input|^wrote/],
  ["speaking", /speaking|interrupted|tts|llm|mute/],
];

const showLatest = follow($("all"));

export class EventLog {
  constructor() {
    this.began = performance.now();
    this.entries = [];
    this.seen = 0;
    this.clear();
    $("events").ontoggle = () => showLatest({ always: true });
    $("filter").oninput = $("kind").onchange = () => this.#filter();
  }

  clear() {
    this.began = performance.now();
    this.entries = [];
    this.seen = 0;
    $("log").replaceChildren();
    this.#count();
  }

  add(type, data = {}) {
    const at = (performance.now() - this.began) / 1000;
    const kind = KINDS.find(([, pattern]) => pattern.test(type))?.[0] ?? "connection";
    const text = Object.keys(data).length ? JSON.stringify(data) : "";
    const time = element("time", { textContent: at.toFixed(2) });
    const words = element("span", {}, element("b", { textContent: type }), ` ${text.slice(0, 500)}`);
    const item = element("li", { className: kind }, time, words);
    const entry = { at: Math.round(at * 1000) / 1000, kind, type, data, item };
    this.entries.push(entry);
    item.hidden = !this.#isShown(entry);
    this.seen += item.hidden ? 0 : 1;
    $("log").append(item);
    if (this.entries.length > MOST) this.#forget(this.entries.shift().item);
    showLatest();
    this.#count();
  }

  export() {
    return this.entries.map(({ at, type, data }) => ({ at, type, data }));
  }

  #forget(item) {
    this.seen -= item.hidden ? 0 : 1;
    item.remove();
  }

  #isShown({ kind, item }) {
    const words = $("filter").value.trim().toLowerCase();
    const wanted = $("kind").value;
    return (!wanted || wanted === kind) && item.textContent.toLowerCase().includes(words);
  }

  #filter() {
    for (const entry of this.entries) entry.item.hidden = !this.#isShown(entry);
    this.seen = this.entries.filter(({ item }) => !item.hidden).length;
    this.#count();
  }

  #count() {
    const all = this.entries.length;
    $("count").textContent = this.seen === all ? `${all}` : `${this.seen} of ${all}`;
  }
}
