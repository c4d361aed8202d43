// The agents of this server, one of which is chosen: by key, by mouse, as /?agent=NAME or as /#NAME.
import { $, element } from "/console/dom.js";
import { getJson } from "/console/server.js";

const STYLES = { cascaded: "cascaded", realtime: "realtime" };

export async function listAgents() {
  const agents = await getJson("/agents");
  const wanted = new URLSearchParams(location.search).get("agent") ?? decodeURIComponent(location.hash.slice(1));
  const first = agents.find((agent) => agent.name === wanted) ?? agents[0];
  for (const agent of agents) {
    const input = element("input", { type: "radio", name: "agent", value: agent.name, checked: agent === first });
    const name = element("strong", { textContent: agent.name });
    const style = element("em", { textContent: STYLES[agent.style] ?? agent.style });
    $("agents").append(element("label", {}, input, name, style, element("span", { textContent: agent.description })));
  }
  return agents;
}

export const chosenAgent = () => document.querySelector("input[name=agent]:checked")?.value;
