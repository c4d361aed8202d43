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

export function showProblem(message, next) {
  const step = next ?? (message && NEXT.find(([pattern]) => pattern.test(message))?.[1]);
  const words = [message, step].filter(Boolean);
  $("error").hidden = !words.length;
  $("error").replaceChildren(...words.map((text) => element("p", { textContent: text })));
}
