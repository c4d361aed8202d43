// The style of the next calls of each agent: its file's own, or the other one.
import { chosenAgent, styleOf } from "/console/agents.js";
import { $ } from "/console/dom.js";
import { showProblems } from "/console/problems.js";
import { send } from "/console/server.js";

const chosen = new Map();

export function readyToSwitch() {
  $("style").addEventListener("change", choose);
  $("agents").addEventListener("change", show);
}

export const chosenStyle = (agent) => chosen.get(agent);

// The draft of the agent in the style that was chosen, made of its files as they are now; nothing in its own style.
export async function styledDraft(agent) {
  const style = chosen.get(agent);
  if (!style) return undefined;
  const { draft, problems } = await (await send(`/console/styles/${encodeURIComponent(agent)}`, "POST", { style })).json();
  const next = "What is in the way stands above the conversation.";
  if (!draft) throw Object.assign(new Error(`${agent} can't be had in the ${style} style.`), { problems, next });
  return draft;
}

function show() {
  const agent = chosenAgent();
  const [own, other] = $("style").options;
  own.textContent = `as the file has it (${styleOf(agent)})`;
  other.value = other.textContent = styleOf(agent) === "realtime" ? "cascaded" : "realtime";
  $("style").value = chosen.get(agent) ?? "";
  showProblems("");
}

// What is in the way is said now, not when somebody wants to talk.
async function choose() {
  const agent = chosenAgent();
  const style = $("style").value;
  chosen.set(agent, style);
  showProblems("");
  try {
    await styledDraft(agent);
  } catch (problem) {
    if (chosen.get(agent) !== style) return;
    chosen.delete(agent);
    if (agent !== chosenAgent()) return;
    $("style").value = "";
    showProblems(why(problem), problem.problems);
  }
}

// A server of several workers has no drafts: another one may take the call.
const why = ({ status, message }) =>
  status === 404 ? "With `--workers` no page switches the style: start the server with `--style`, or without `--workers`." : message;
