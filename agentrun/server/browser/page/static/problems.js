// Errors in words, with the next step.
import { $, element } from "/console/dom.js";

const NEXT = [
  [/\b401\b|api[_ ]key|unauthorized/i, "The provider refused the key: check the key's variable where the server runs, then `agentrun doctor --live`."],
  [/\b429\b|quota|rate limit/i, "The provider's limit or credit is used up: look at its console, or wait a minute."],
  [/server does not answer/i, "Start it with `agentrun serve`, then load this page again."],
  [/no connection came about/i, "A firewall or a VPN may hold back UDP between this browser and the server."],
  [/connection was lost/i, "Look at this machine's network, and that the server runs; then talk again."],
  [/is full|every line|too many|lines? (is|are) taken/i, "Wait until a call ends, or raise the limit where the server runs."],
  [/server is stopping/i, "Start it again with `agentrun serve`, then load this page again."],
  [/others can reach this server/i, "Open the link that `agentrun serve` printed: it carries this machine's token."],
  [/\b5\d\d\b|timed? ?out|refused|unreachable/i, "The server's log says more; `agentrun doctor --live` asks each provider."],
];

// What keeps an agent from being had as it is wanted: a sentence, and each problem with its place.
export const showProblems = (sentence, problems = []) => fill("hindrance", sentence ? [[sentence, problems]] : []);

// Files that were changed, and are not taken into use.
export function showRefused(agents) {
  const words = (name) => `The files of ${name} were changed, and are refused: calls go on with those of before.`;
  fill("refused", agents.map(({ name, refused }) => [words(name), refused]));
}

function fill(id, parts) {
  const nodes = parts.flatMap(([sentence, problems]) => [
    paragraph(sentence),
    element("ol", {}, ...problems.map(line)),
  ]);
  $(id).hidden = !nodes.length;
  // a reader is told of it when it changes, and not each time that it was looked for
  if ($(id).textContent !== nodes.map((node) => node.textContent).join("")) $(id).replaceChildren(...nodes);
}

function line({ path, line, where, message, hint }) {
  const place = element("code", { textContent: line ? `${path.split("/").at(-1)}, line ${line}` : path, title: path });
  const words = element("bdi", { textContent: [where, message].filter(Boolean).join(": ") });
  return element("li", {}, place, " ", words, hint ? element("span", { className: "quiet", textContent: hint }) : "");
}

export function showProblem(message, next) {
  const step = next ?? (message && NEXT.find(([pattern]) => pattern.test(message))?.[1]);
  const words = [message, step].filter(Boolean);
  $("error").hidden = !words.length;
  $("error").replaceChildren(...words.map(paragraph));
}

// A text in which commands stand between backticks.
function paragraph(text) {
  const parts = text.split("`");
  const isPlain = (at) => at % 2 === 0 || at === parts.length - 1;
  return element("p", {}, ...parts.map((part, at) => (isPlain(at) ? part : element("code", { textContent: part }))));
}
