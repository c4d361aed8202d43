// Renews what changes by itself: each element with data-renew is fetched again every second while it is seen.
import { showTimes } from "./times.js";
const PERIOD = 1000;
const LIST_PERIOD = 10_000;

// What stands for the same thing in both, wherever it has come to stand: a call, a line of a conversation.
const keyOf = (node) => node.dataset?.key ?? node.dataset?.at;

// The nodes that have a key, with it; of those that have the same, such as tools called at once, each its own.
function keysOf(nodes) {
  const counts = new Map();
  const keys = new Map();
  for (const node of [...nodes].filter(keyOf)) {
    const count = (counts.get(keyOf(node)) ?? 0) + 1;
    counts.set(keyOf(node), count);
    keys.set(node, `${count} ${keyOf(node)}`);
  }
  return keys;
}

// Puts the children of `fresh` in place of those of `old`; what is the same stays, with its focus and place.
export function patch(old, fresh) {
  const wanted = [...fresh.childNodes];
  const keys = keysOf(wanted);
  const known = keep(old, new Set(keys.values()));
  let at = old.firstChild;
  for (const node of wanted) {
    const there = keys.has(node) ? known.get(keys.get(node)) : unkeyed(at);
    if (!there) {
      old.insertBefore(node, at);
      continue;
    }
    while (at !== there && at && !keyOf(at)) at = drop(at);
    if (at === there) at = at.nextSibling;
    else old.insertBefore(there, at);
    renewNode(there, node);
  }
  while (at) at = drop(at);
}

// The children of `old` by their key; those whose key is not `wanted` go.
function keep(old, wanted) {
  const known = new Map();
  for (const [node, key] of keysOf(old.childNodes)) {
    if (wanted.has(key)) known.set(key, node);
    else node.remove();
  }
  return known;
}

const unkeyed = (node) => (node && !keyOf(node) ? node : null);

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function renewNode(there, node) {
  if (there.open && node.nodeName === "DETAILS") node.open = true; // what somebody has unfolded stays so
  if (there.isEqualNode(node)) return;
  if (!isAlike(there, node)) return there.replaceWith(node);
  for (const { name, value } of node.attributes) there.setAttribute(name, value);
  for (const { name } of [...there.attributes]) if (!node.hasAttribute(name)) there.removeAttribute(name);
  patch(there, node);
}

function isAlike(one, other) {
  if (one.nodeType !== Node.ELEMENT_NODE || one.nodeName !== other.nodeName) return false;
  const names = (element) => [...element.attributes].map(({ name, value }) => `${name}=${value}`).sort().join("\n");
  return Boolean(keyOf(one)) || names(one) === names(other);
}

async function renew(element) {
  if (document.hidden) return;
  try {
    const answer = await fetch(element.dataset.renew, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const template = document.createElement("template");
    // a document would begin without the space that the part begins with, and nothing would be where it was
    template.innerHTML = await answer.text();
    const fresh = template.content;
    if (fresh.querySelector("[data-over]")) {
      location.reload(); // the call has ended: its recording and analysis may be there now
      return;
    }
    showTimes(fresh);
    patch(element, fresh);
  } catch {
    // the server is away for a moment
  }
}

// The list of calls is read anew when one has begun or ended, and now and then while some in it are up.
async function renewList(list) {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-list]");
    showTimes(fresh);
    patch(list, fresh);
  } catch {
    // the server is away for a moment
  }
}

function watchList(list) {
  let last = null;
  let age = 0;
  setInterval(async () => {
    if (document.hidden) return;
    const live = [...document.querySelectorAll("[data-renew] a")].map((link) => link.href).join(" ");
    age += PERIOD;
    const isDue = age >= LIST_PERIOD && list.querySelector("[data-since]");
    if ((last !== null && live !== last) || isDue) {
      age = 0;
      await renewList(list);
    }
    last = live;
  }, PERIOD);
}

export function startRenewing() {
  for (const list of document.querySelectorAll("[data-list]")) watchList(list);
  for (const element of document.querySelectorAll("[data-renew]")) {
    let busy = false;
    setInterval(async () => {
      if (busy) return;
      busy = true;
      await renew(element);
      busy = false;
    }, PERIOD);
  }
}
