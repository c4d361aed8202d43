// The log of a call: what the server said and what the page did, which can be filtered.
import { $, element } from "/console/dom.js";

const MOST = 2000;
const KINDS = [
  ["errors", /error/],
  ["tools", /function-call/],
  ["words", /text|output|transcription|input|^wrote/],
  ["speaking", /speaking|interrupted|tts|llm|mute/],
];

export class EventLog {
  constructor() {
    this.began = performance.now();
    this.entries = [];
    this.clear();
    $("events").ontoggle = () => { $("all").scrollTop = $("all").scrollHeight; };
    $("filter").oninput = $("kind").onchange = () => this.#filter();
  }

  clear() {
    this.began = performance.now();
    this.entries = [];
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
    $("log").append(item);
    if (this.entries.length > MOST) this.entries.shift().item.remove();
    if ($("all").scrollHeight - $("all").scrollTop - $("all").clientHeight < 80) $("all").scrollTop = $("all").scrollHeight;
    this.#count();
  }

  export() {
    return this.entries.map(({ at, type, data }) => ({ at, type, data }));
  }

  #isShown({ kind, item }) {
    const words = $("filter").value.trim().toLowerCase();
    const wanted = $("kind").value;
    return (!wanted || wanted === kind) && item.textContent.toLowerCase().includes(words);
  }

  #filter() {
    for (const entry of this.entries) entry.item.hidden = !this.#isShown(entry);
    this.#count();
  }

  #count() {
    const seen = this.entries.filter(({ item }) => !item.hidden).length;
    $("count").textContent = seen === this.entries.length ? `${seen}` : `${seen} of ${this.entries.length}`;
  }
}
