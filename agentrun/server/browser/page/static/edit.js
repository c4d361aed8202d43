// The files of the agent, edited: checked, talked with before they are written, and written after their diff was seen.
import { chosenAgent } from "/console/agents.js";
import { $, element, say } from "/console/dom.js";
import { getJson, send } from "/console/server.js";

// The agent's files by name, the spec first, each with the text at hand and the one that the file has.
let edited = null;
let draft = null;

const path = (agent) => `/console/specs/${encodeURIComponent(agent)}`;

// The draft that the next call of `agent` is held with; nothing where its file is.
export const draftOf = (agent) => (draft?.agent === agent ? draft.name : undefined);

export function readyToEdit() {
  $("editing").addEventListener("toggle", () => $("editing").open && edited?.agent !== chosenAgent() && load());
  $("agents").addEventListener("change", () => $("editing").open && load());
  $("try").addEventListener("click", () => run(tryOut));
  $("write").addEventListener("click", () => run(showDifference));
  $("confirm").addEventListener("click", () => run(write));
  $("cancel").addEventListener("click", () => showConfirm(null));
  $("reload").addEventListener("click", load);
  $("spec").addEventListener("input", () => { edited.files.get(edited.shown).text = $("spec").value; showConfirm(null); });
  $("file").addEventListener("change", () => show($("file").value));
}

async function run(step) {
  for (const id of ["try", "write", "reload"]) $(id).disabled = true;
  try {
    await step();
  } catch (problem) {
    showProblems(problem.problems ?? []);
    say("edited", problem.status === 409 ? problem.message : `That did not work: ${problem.message}`);
  } finally {
    for (const id of ["try", "write", "reload"]) $(id).disabled = !edited;
  }
}

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
    edited = { agent, path: answer.path, name: answer.name, files: new Map(files) };
    $("file").replaceChildren(...files.map(([name]) => element("option", { value: name, textContent: name })));
    $("choosing").hidden = files.length < 2;
    $("spec").disabled = false;
    show(answer.name);
    $("style").value = "";
    $("style").options[0].textContent = `as the file has it (${answer.style})`;
    say("edited", answer.path);
  });
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
  const answer = await send(path(edited.agent), "POST", { ...texts(), style: $("style").value || null });
  const checked = await answer.json();
  showProblems(checked.problems);
  draft = checked.draft ? { agent: edited.agent, name: checked.draft } : null;
  if (!draft) say("edited", "There are errors: calls go on with the files as they are.");
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
