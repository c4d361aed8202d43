// Renews what changes by itself: each element with data-renew is fetched again every second while it is seen.
"use strict";
const PERIOD = 1000;

async function renew(element) {
  if (document.hidden) return;
  try {
    const answer = await fetch(element.dataset.renew, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const text = await answer.text();
    if (text !== element.dataset.last) {
      element.dataset.last = text;
      element.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
    }
  } catch {
    // the server is away for a moment
  }
}

for (const element of document.querySelectorAll("[data-renew]")) {
  setInterval(() => renew(element), PERIOD);
}
