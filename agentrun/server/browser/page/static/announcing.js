// Lines of the conversation for who is read the page: each once, when it is whole, and not at each of its words.
import { $, element } from "/console/dom.js";

const MOST = 5;

export function announce(text) {
  $("told").append(element("p", { dir: "auto", textContent: text }));
  // what stays here is found by who looks through the page, a second time
  while ($("told").children.length > MOST) $("told").firstChild.remove();
}

export const forgetAnnounced = () => $("told").replaceChildren();
