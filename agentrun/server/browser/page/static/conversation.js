// The conversation: words of both sides as they are heard, and the tools between them.
import { announce, forgetAnnounced } from "/console/announcing.js";
import { $, element, follow } from "/console/dom.js";
import { layOut, parse } from "/console/layout.js";

const NEWEST = 30;
const showLatest = follow($("scroll"));

export class Conversation {
  constructor(agent) {
    this.agent = agent;
    this.interim = null;
    this.agentLine = this.lastSaid = null;
    this.speaking = false;
    this.spoken = new Set();
    this.tools = new Map();
    $("words").replaceChildren();
    forgetAnnounced();
    showLatest({ always: true });
  }

  read(type, data) {
    const readers = {
      "user-transcription": () => this.#caller(data),
      "user-started-speaking": () => this.#endLine(),
      "bot-output": () => this.#said(data),
      "bot-started-speaking": () => { this.speaking = true; },
      "bot-stopped-speaking": () => { this.speaking = false; this.#endLine(); },
      "bot-interrupted": () => this.#cut(),
      "llm-function-call-in-progress": () => this.#tool(data, "…"),
      "llm-function-call-stopped": () => this.#tool(data, data.cancelled ? "✕ stopped" : "✓"),
    };
    readers[type]?.();
  }

  wrote(text) {
    this.#endLine();
    this.#line("caller", "You, in writing", text);
    showLatest({ always: true });
  }

  // What the record has of the tools that have ended: their arguments, what they returned, and how long it took.
  fillTools(transcript) {
    const ended = transcript.filter((entry) => entry.who === "tool");
    for (const tool of this.tools.values()) {
      if (!tool.ended) continue;
      const at = ended.findIndex((entry) => entry.name === tool.name);
      if (at >= 0) detail(tool, ended.splice(at, 1)[0]);
    }
  }

  get waitsForTools() {
    return [...this.tools.values()].some((tool) => tool.ended && !tool.detailed);
  }

  close() {
    this.interim?.classList.remove("interim");
    this.#endLine();
  }

  // What is said next by the agent is another line.
  #endLine() {
    if (this.agentLine) announce(words(this.agentLine));
    this.agentLine = null;
  }

  #caller(data) {
    if (!data.text) return;
    this.#endLine();
    if (this.interim) setText(this.interim, data.text);
    else this.interim = this.#line("caller interim", "You", data.text);
    if (!data.final) return;
    this.interim.classList.remove("interim");
    announce(words(this.interim));
    this.interim = null;
  }

  // Before the server has read `client-ready` it speaks the newer protocol: no `spoken`, and a segment more than once.
  #said(data) {
    const text = (data.text ?? "").trim();
    if (!text || data.spoken === false || this.spoken.has(data.segment_id)) return;
    if (data.spoken === undefined) this.spoken.add(data.segment_id);
    if (this.agentLine) setText(this.agentLine, `${this.agentLine.lastChild.textContent} ${text}`);
    else this.agentLine = this.lastSaid = this.#line("agent", this.agent, text);
  }

  #cut() {
    if (this.speaking) this.lastSaid?.classList.add("cut");
  }

  #tool(data, state) {
    const name = data.function_name || "a tool";
    this.#endLine();
    let tool = this.tools.get(data.tool_call_id);
    if (!tool) {
      const status = element("span", { textContent: state });
      const summary = element("summary", {}, element("b", { textContent: name }), " ", status);
      const box = element("details", {}, summary);
      const item = element("li", { className: "tool" }, box);
      tool = { name, status, box, item, ended: false, detailed: false };
      this.tools.set(data.tool_call_id, tool);
      add(item);
    }
    tool.status.textContent = state;
    tool.ended = state !== "…";
    if (tool.ended) announce(`${name} ${data.cancelled ? "was stopped" : "has run"}`);
    showLatest();
  }

  #line(kind, who, text) {
    const item = element("li", { className: kind }, element("b", { textContent: who }), element("bdi", { textContent: text }));
    add(item);
    return item;
  }
}

function add(item) {
  $("words").append(item);
  // of an hour's conversation only what is seen is laid out
  $("words").children[$("words").children.length - NEWEST]?.classList.add("old");
  showLatest();
}

function detail(tool, entry) {
  const good = entry.status === "ok";
  tool.status.textContent = `${good ? "✓" : `✕ ${entry.status}`} in ${entry.seconds.toFixed(2)} s`;
  tool.item.classList.toggle("failed", !good);
  if (tool.detailed) return;
  tool.detailed = true;
  if (!good) announce(`${tool.name} ended with ${entry.status}`);
  const rows = [["asked", layOut(entry.arguments)], ["returned", parse(entry.text) ?? text(entry.text)]];
  const parts = rows.map(([name, part]) => [element("dt", { textContent: name }), element("dd", {}, part)]);
  tool.box.append(element("dl", { className: "io" }, ...parts.flat()));
}

const text = (words) => element("pre", { dir: "auto", textContent: words });

function setText(item, text) {
  item.lastChild.textContent = text;
  showLatest();
}

const words = (item) => `${item.firstChild.textContent}: ${item.lastChild.textContent}`;
