// The files of the agent, edited: checked, talked with before they are written, and written after their diff was seen.
import { chosenAgent } from "/console/agents.js";
import { $, element, say } from "/console/dom.js";
import { getJson, send } from "/console/server.js";
import { chosenStyle } from "/console/style.js";

// The agent's files by name, the spec first, each with the text at hand and the one that the file has.
let edited = null;
let draft = null;
// What was typed for other agents, by their name: it is there again when they are chosen.
const kept = new Map();

const path = (agent) => `/console/specs/${encodeURIComponent(agent)}`;

// The draft that the next call of `agent` is held with; nothing where its file is.
export const draftOf = (agent) => (draft?.agent === agent ? draft.name : undefined);

// `begin` begins a call, or says why it can't.
export function readyToEdit(begin) {
  $("editing").addEventListener("toggle", () => $("editing").open && open());
  $("agents").addEventListener("change", () => $("editing").open && open());
  $("try").addEventListener("click", () => run(() => tryOut(begin)));
  $("write").addEventListener("click", () => run(showDifference));
  $("confirm").addEventListener("click", () => run(write));
  $("cancel").addEventListener("click", cancel);
  $("editing").addEventListener("keydown", ({ key }) => key === "Escape" && !$("confirming").hidden && cancel());
  $("reload").addEventListener("click", load);
  $("spec").addEventListener("input", type);
  $("file").addEventListener("change", () => show($("file").value));
  $("style").addEventListener("change", restyle);
}

addEventListener("beforeunload", (event) => [edited, ...kept.values()].some(isChanged) && event.preventDefault());

const isChanged = (one) => one && [...one.files.values()].some(({ text, before }) => text !== before);

function type() {
  edited.files.get(edited.shown).text = $("spec").value;
  showConfirm(null);
  if (draft) say("edited", "Changed since it was checked: the next call has the text as it was then.");
}

// A draft is of the style that it was checked in.
function restyle() {
  if (draft) say("edited", "The style was changed since the text was checked: the next call has the file's text.");
  draft = null;
}

function cancel() {
  showConfirm(null);
  say("edited", edited.path);
  $("write").focus();
}

// The files of the agent that is chosen, with what was typed before another one was looked at.
function open() {
  const agent = chosenAgent();
  if (edited?.agent === agent) return;
  if (edited) kept.set(edited.agent, edited);
  if (!kept.has(agent)) return load();
  edited = kept.get(agent);
  kept.delete(agent);
  draft = null;
  showProblems([]);
  showConfirm(null);
  lay();
}

const isSeen = (one) => one.getClientRects().length > 0;

async function run(step) {
  const from = document.activeElement;
  for (const id of ["try", "write", "reload"]) $(id).disabled = true;
  try {
    await step();
  } catch (problem) {
    showProblems(problem.problems ?? []);
    const isRefused = [403, 409].includes(problem.status);
    say("edited", isRefused ? sentence(problem.message) : `That did not work: ${problem.message}`);
  } finally {
    for (const id of ["try", "write", "reload"]) $(id).disabled = !edited;
    // a button that is disabled or hidden meanwhile has lost what the keyboard was at
    const at = document.activeElement;
    if (at === document.body || !isSeen(at)) (isSeen(from) ? from : $("write")).focus();
  }
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);

function load() {
  edited = draft = null;
  showProblems([]);
  showConfirm(null);
  $("spec").value = "";
  $("spec").disabled = true;
  const agent = chosenAgent();
  return run(async () => {
    const answer = await getJson(path(agent));
    if (agent !== chosenAgent()) return;
    const files = [answer, ...answer.files].map(({ name, text, digest }) => [name, { text, digest, before: text }]);
    edited = { agent, path: answer.path, name: answer.name, files: new Map(files), shown: answer.name };
    lay();
  });
}

function lay() {
  const names = [...edited.files.keys()];
  $("file").replaceChildren(...names.map((name) => element("option", { value: name, textContent: name })));
  $("choosing").hidden = names.length < 2;
  for (const id of ["spec", "try", "write", "reload"]) $(id).disabled = false;
  show(edited.shown);
  say("edited", edited.path);
}

function show(name) {
  edited.shown = $("file").value = name;
  $("spec").value = edited.files.get(name).text;
  $("spec").setAttribute("aria-label", name === edited.name ? "The agent's spec" : `The agent's file ${name}`);
}

// What the server is sent: the spec, and those of the other files that were changed.
function texts() {
  const changed = [...edited.files].filter(([name, file]) => name !== edited.name && file.text !== file.before);
  const files = Object.fromEntries(changed.map(([name, { text, digest }]) => [name, { text, digest }]));
  const { text, digest } = edited.files.get(edited.name);
  return { text, digest, files };
}

async function check() {
  const answer = await send(path(edited.agent), "POST", { ...texts(), style: chosenStyle(edited.agent) || null });
  const checked = await answer.json();
  showProblems(checked.problems);
  draft = checked.draft ? { agent: edited.agent, name: checked.draft } : null;
  if (!draft) say("edited", "There are errors: calls go on with the files as they are.");
  return checked;
}

async function tryOut(begin) {
  showConfirm(null);
  await check();
  if (!draft) return;
  const isTalking = begin();
  say("edited", `${isTalking ? "This" : "The next"} call is held with this text. Nothing is written yet.`);
}

async function showDifference() {
  const { diff } = await check();
  if (!draft) return;
  if (diff.length) say("edited", "This is written, and the next call of everybody has it:");
  else say("edited", "Nothing differs from what is written.");
  showConfirm(diff.length ? diff : null);
}

async function write() {
  const answer = await send(path(edited.agent), "PUT", texts());
  const written = await answer.json();
  for (const { name, text, digest } of [written, ...written.files]) edited.files.set(name, { text, digest, before: text });
  show(edited.shown);
  draft = null;
  showConfirm(null);
  showProblems(written.problems);
  say("edited", "Written. The next call has it.");
}

function showProblems(problems) {
  $("problems").replaceChildren(...problems.map(problem));
}

function problem({ file, line, where, message, hint, severity }) {
  const known = line && edited?.files.has(file);
  const textContent = known ? `${file === edited.name ? "" : `${file} `}line ${line}` : "–";
  const place = element("button", { type: "button", className: "small", textContent });
  place.disabled = !known;
  place.addEventListener("click", () => goTo(file, line));
  const words = [where, message].filter(Boolean).join(": ");
  const step = element("span", { className: "quiet", textContent: hint });
  return element("li", { className: severity }, place, element("span", { textContent: words }), step);
}

function goTo(file, line) {
  show(file);
  const lines = $("spec").value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  $("spec").focus();
  $("spec").setSelectionRange(start, start + lines[line - 1].length);
  $("spec").scrollTop = ((line - 3) / lines.length) * $("spec").scrollHeight;
}

function showConfirm(diff) {
  $("confirming").hidden = !diff;
  const kinds = { "+": "added", "-": "removed", "@": "place" };
  const line = (className, text) => element("span", { className, textContent: `${text}\n` });
  const lines = ({ name, lines }) => [line("name", name), ...lines.map((text) => line(kinds[text[0]] ?? "same", text))];
  $("diff").replaceChildren(...(diff ?? []).flatMap(lines));
  if (diff) $("confirm").focus();
}
