// Renews what changes by itself: each element with data-renew is fetched again every second while it is seen.
import { showTimes } from "./times.js";
const PERIOD = 1000;
const LIST_PERIOD = 10_000;

// Puts the children of `fresh` in place of those of `old`; what is the same stays, with its focus and place.
export function patch(old, fresh) {
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, place) => {
    const there = before[place];
    if (there?.open && node.nodeName === "DETAILS") node.open = true; // what somebody has unfolded stays so
    if (!there) old.append(node);
    else if (there.isEqualNode(node)) return;
    else if (!isAlike(there, node)) there.replaceWith(node);
    else patch(there, node);
  });
  for (const extra of before.slice(after.length)) extra.remove();
}

function isAlike(one, other) {
  if (one.nodeType !== Node.ELEMENT_NODE || one.nodeName !== other.nodeName || !other.children.length) return false;
  const names = (element) => [...element.attributes].map(({ name, value }) => `${name}=${value}`).sort().join("\n");
  return names(one) === names(other);
}

async function renew(element) {
  if (document.hidden) return;
  try {
    const answer = await fetch(element.dataset.renew, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const { body } = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (body.querySelector("[data-over]")) {
      location.reload(); // the call has ended: its recording and analysis may be there now
      return;
    }
    showTimes(body);
    patch(element, body);
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
    const ticked = new Set([...list.querySelectorAll(":checked")].map((box) => box.value));
    patch(list, fresh);
    for (const box of list.querySelectorAll("[type=checkbox]")) box.checked = ticked.has(box.value);
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
