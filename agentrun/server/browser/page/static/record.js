// What the server's record has of the call: tools, the stages of each answer, and the cost so far.
import { $, clock, element, say } from "/console/dom.js";
import { showProblem } from "/console/problems.js";
import { getJson } from "/console/server.js";

const STAGES = ["endpointing", "stt", "llm", "model", "tool", "tts", "transport"];
const SOON_MILLISECONDS = 500;
const AGAIN_MILLISECONDS = 1000;
const MOST_TRIES = 20;
const NEWS = new Set([
  "bot-started-speaking", "bot-stopped-speaking", "llm-function-call-stopped", "user-stopped-speaking",
]);

export class RecordWatch {
  constructor(call, conversation) {
    this.call = call;
    this.conversation = conversation;
    this.row = null;
    this.timer = null;
    this.tries = 0;
    show({ turns: [], cost: null });
  }

  read(type) {
    if (!NEWS.has(type)) return;
    this.tries = 0;
    this.#soon(SOON_MILLISECONDS);
  }

  // The call is over; its record may take a moment until it is whole.
  finish() {
    this.over = true;
    this.tries = 0;
    this.#soon(SOON_MILLISECONDS);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = -1;
  }

  #soon(milliseconds) {
    if (this.timer === null && this.call.id) this.timer = setTimeout(() => this.#look(), milliseconds);
  }

  async #look() {
    const path = `/${encodeURIComponent(this.call.agent)}/calls/${encodeURIComponent(this.call.id)}`;
    const row = await getJson(path).catch(() => null);
    if (this.timer === -1) return;
    this.timer = null;
    if (row) {
      this.row = row;
      this.conversation.fillTools(row.transcript);
      show(row);
      // the record names the part that failed, its address and the next step
      if (row.ended_by === "error") showProblem(row.reason, "");
    }
    const waits = this.conversation.waitsForTools || (this.over && !row?.ended);
    this.tries += 1;
    if (waits && this.tries < MOST_TRIES) this.#soon(AGAIN_MILLISECONDS);
  }
}

function show({ turns, cost, offline }) {
  const times = turns.map((turn) => turn.total_ms);
  say("last", milliseconds(times.at(-1)));
  say("median", milliseconds([...times].sort((a, b) => a - b)[Math.floor((times.length - 1) / 2)]));
  say("cost", cost === null ? "–" : offline ? "none" : dollars(cost.total ?? 0));
  const unknown = cost?.unknown ?? [];
  $("prices").hidden = !unknown.length;
  say("prices", unknown.length ? `Without ${unknown.join(", ")}, whose price is not known.` : "");
  const longest = Math.max(...times, 1);
  $("answers").replaceChildren(...turns.slice(-50).map((turn) => bar(turn, longest)));
  $("no-answers").hidden = turns.length > 0;
  const used = STAGES.filter((stage) => turns.some((turn) => stage in turn.stages));
  $("legend").hidden = !used.length;
  $("legend").replaceChildren(...used.map((stage) => element("span", { className: `stage-${stage}`, textContent: stage })));
}

function bar(turn, longest) {
  const parts = STAGES.filter((stage) => stage in turn.stages);
  const words = parts.map((stage) => `${stage} ${Math.round(turn.stages[stage])} ms`).join(", ");
  const line = element("span", { className: "bar", role: "img", ariaLabel: words, title: words });
  for (const stage of parts) {
    const piece = element("i", { className: `stage-${stage}` });
    piece.style.width = `${(turn.stages[stage] / longest) * 100}%`;
    line.append(piece);
  }
  const time = element("time", { textContent: clock(turn.at) });
  return element("li", {}, time, line, element("span", { textContent: milliseconds(turn.total_ms) }));
}

// a short call costs less than a tenth of a cent
const dollars = (value) => `~$${value.toFixed(value && value < 0.01 ? 4 : 3)}`;

const milliseconds = (value) => (value === undefined ? "–" : `${Math.round(value)} ms`);
