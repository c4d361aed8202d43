// The spec of the agent, edited: checked, talked with before it is written, and written after its diff was seen.
import { chosenAgent } from "/console/agents.js";
import { $, element, say } from "/console/dom.js";
import { getJson, send } from "/console/server.js";

let file = null;
let draft = null;

const path = (agent) => `/console/specs/${encodeURIComponent(agent)}`;

// The draft that the next call of `agent` is held with; nothing where its file is.
export const draftOf = (agent) => (draft?.agent === agent ? draft.name : undefined);

export function readyToEdit() {
  $("editing").addEventListener("toggle", () => $("editing").open && file?.agent !== chosenAgent() && load());
  $("agents").addEventListener("change", () => $("editing").open && load());
  $("try").addEventListener("click", () => run(tryOut));
  $("write").addEventListener("click", () => run(showDifference));
  $("confirm").addEventListener("click", () => run(write));
  $("cancel").addEventListener("click", () => showConfirm(null));
  $("reload").addEventListener("click", load);
  $("spec").addEventListener("input", () => showConfirm(null));
}

async function run(step) {
  for (const id of ["try", "write", "reload"]) $(id).disabled = true;
  try {
    await step();
  } catch (problem) {
    showProblems(problem.problems ?? []);
    say("edited", problem.status === 409 ? problem.message : `That did not work: ${problem.message}`);
  } finally {
    for (const id of ["try", "write", "reload"]) $(id).disabled = !file;
  }
}

function load() {
  file = draft = null;
  showProblems([]);
  showConfirm(null);
  $("spec").value = "";
  $("spec").disabled = true;
  const agent = chosenAgent();
  return run(async () => {
    const answer = await getJson(path(agent));
    if (agent !== chosenAgent()) return;
    file = { agent, digest: answer.digest };
    $("spec").value = answer.text;
    $("spec").disabled = false;
    $("style").value = "";
    $("style").options[0].textContent = `as the file has it (${answer.style})`;
    say("edited", answer.path);
  });
}

async function check() {
  const answer = await send(path(file.agent), "POST", { text: $("spec").value, style: $("style").value || null });
  const checked = await answer.json();
  showProblems(checked.problems);
  draft = checked.draft ? { agent: file.agent, name: checked.draft } : null;
  if (!draft) say("edited", "There are errors: calls go on with the file.");
  return checked;
}

async function tryOut() {
  showConfirm(null);
  await check();
  if (draft) say("edited", "The next call here is held with this text. Nothing is written yet.");
}

async function showDifference() {
  const { diff } = await check();
  if (!draft) return;
  if (diff.length) say("edited", "This is written to the file, and the next call of everybody has it:");
  else say("edited", "Nothing differs from the file.");
  showConfirm(diff.length ? diff : null);
}

async function write() {
  const answer = await send(path(file.agent), "PUT", { text: $("spec").value, digest: file.digest });
  const written = await answer.json();
  file.digest = written.digest;
  draft = null;
  showConfirm(null);
  showProblems(written.problems);
  say("edited", "Written. The next call has it.");
}

function showProblems(problems) {
  $("problems").replaceChildren(...problems.map(problem));
}

function problem({ line, where, message, hint, severity }) {
  const place = element("button", { type: "button", className: "small", textContent: line ? `line ${line}` : "–" });
  place.disabled = !line;
  place.addEventListener("click", () => goTo(line));
  const words = [where, message].filter(Boolean).join(": ");
  const step = element("span", { className: "quiet", textContent: hint });
  return element("li", { className: severity }, place, element("span", { textContent: words }), step);
}

function goTo(line) {
  const lines = $("spec").value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  $("spec").focus();
  $("spec").setSelectionRange(start, start + lines[line - 1].length);
  $("spec").scrollTop = ((line - 3) / lines.length) * $("spec").scrollHeight;
}

function showConfirm(diff) {
  $("confirming").hidden = !diff;
  const kinds = { "+": "added", "-": "removed", "@": "place" };
  $("diff").replaceChildren(
    ...(diff ?? []).slice(2).map((line) => element("span", { className: kinds[line[0]] ?? "same", textContent: `${line}\n` })),
  );
  if (diff) $("confirm").focus();
}
