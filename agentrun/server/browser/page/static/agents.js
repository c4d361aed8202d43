// The agents of this server, one of which is chosen: by key, by mouse, as /?agent=NAME or as /#NAME.
import { $, element } from "/console/dom.js";
import { showRefused } from "/console/problems.js";
import { getJson } from "/console/server.js";

const AGAIN_MILLISECONDS = 3000;
const styles = new Map();

export async function listAgents() {
  const agents = await getJson("/agents");
  const wanted = new URLSearchParams(location.search).get("agent") ?? decodeURIComponent(location.hash.slice(1));
  const first = agents.find((agent) => agent.name === wanted) ?? agents[0];
  for (const agent of agents) {
    const input = element("input", { type: "radio", name: "agent", value: agent.name, checked: agent === first });
    const name = element("strong", { textContent: agent.name });
    // the spaces are for who is read the name of the choice
    $("agents").append(element("label", {}, input, name, " ", element("em"), " ", element("span")));
  }
  show(agents);
  setInterval(renew, AGAIN_MILLISECONDS);
  return agents;
}

// With `--watch` a file that is saved changes what the next call has, or is refused.
async function renew() {
  if (!document.hidden) show(await getJson("/agents").catch(() => []));
}

function show(agents) {
  const before = JSON.stringify([...styles]);
  for (const input of document.querySelectorAll("input[name=agent]")) {
    const agent = agents.find(({ name }) => name === input.value);
    if (!agent) continue;
    styles.set(agent.name, agent.style);
    const [style, description] = [input.parentElement.querySelector("em"), input.parentElement.querySelector("span")];
    style.textContent = agent.style;
    description.textContent = agent.description;
  }
  if (JSON.stringify([...styles]) !== before) $("agents").dispatchEvent(new Event("change"));
  if (agents.length) showRefused(agents.filter(({ refused }) => refused.length));
}

export const chosenAgent = () => document.querySelector("input[name=agent]:checked")?.value;

export const styleOf = (agent) => styles.get(agent);
