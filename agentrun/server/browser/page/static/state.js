// What the agent is doing: listening, thinking, working (a tool runs) or speaking.
import { $ } from "/console/dom.js";

export class State {
  constructor() {
    this.tools = new Set();
    this.speaking = this.thinking = false;
    this.show("calling");
  }

  read(type, data) {
    if (type === "llm-function-call-in-progress") this.tools.add(data.tool_call_id);
    if (type === "llm-function-call-stopped") this.tools.delete(data.tool_call_id);
    if (type === "bot-started-speaking") this.speaking = true;
    if (type === "bot-stopped-speaking") this.speaking = this.thinking = false;
    if (["user-stopped-speaking", "bot-llm-started"].includes(type)) this.thinking = true;
    if (["user-started-speaking", "error"].includes(type)) this.thinking = false;
    if (type === "bot-ready" || this.current !== "calling") this.#update();
  }

  // Nothing is heard either way until the connection is up again.
  lost() {
    this.show("calling");
  }

  resumed() {
    this.#update();
  }

  wrote() {
    this.thinking = true;
    this.#update();
  }

  show(state) {
    this.current = state;
    $("state").dataset.state = state;
    $("state").textContent = state;
  }

  #update() {
    const busy = this.tools.size ? "working" : this.thinking ? "thinking" : "listening";
    this.show(this.speaking ? "speaking" : busy);
  }
}
