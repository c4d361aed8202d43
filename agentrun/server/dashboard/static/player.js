// The sound of a call: its picture, the place in it, and the line of the conversation that is heard.
import { clock } from "./times.js";
const JUMP = 5;

async function draw(player) {
  const holder = player.querySelector("[data-waveform]");
  const answer = await fetch(holder.dataset.waveform).catch(() => null);
  if (!answer?.ok) {
    holder.replaceWith(...holder.childNodes); // the audio element plays it all the same
    return;
  }
  const { body } = new DOMParser().parseFromString(await answer.text(), "text/html");
  holder.replaceChildren(...body.childNodes);
  const audio = player.querySelector("audio");
  const range = holder.querySelector("input");
  range.addEventListener("input", () => { audio.currentTime = Number(range.value); });
  show(player, audio);
}

function show(player, audio) {
  const range = player.querySelector(".wave input");
  if (range) {
    range.value = audio.currentTime;
    range.setAttribute("aria-valuetext", `${clock(audio.currentTime)} of ${clock(Number(range.max))}`);
  }
  const heard = audio.currentTime > 0 ? lineAt(player, audio.currentTime) : null;
  const last = player.querySelector("[aria-current]");
  if (heard === last) return;
  last?.removeAttribute("aria-current");
  heard?.setAttribute("aria-current", "true");
  if (heard && !audio.paused && player.querySelector("[data-follow]").checked) {
    heard.scrollIntoView({ block: "nearest" });
  }
}

function lines(player) {
  return [...player.querySelectorAll("[data-at]")];
}

function lineAt(player, seconds) {
  return lines(player).findLast((line) => Number(line.dataset.at) <= seconds + 0.05) ?? null;
}

function playFrom(audio, line) {
  audio.currentTime = Number(line.dataset.at);
  audio.play();
}

function step(player, audio, by) {
  const all = lines(player);
  const place = all.indexOf(lineAt(player, audio.currentTime)) + by;
  if (all[place]) audio.currentTime = Number(all[place].dataset.at);
}

function onKey(player, audio, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    k: () => (audio.paused ? audio.play() : audio.pause()),
    j: () => { audio.currentTime -= JUMP; },
    l: () => { audio.currentTime += JUMP; },
    p: () => step(player, audio, -1),
    n: () => step(player, audio, 1),
  };
  const action = actions[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action();
}

export function startPlayers() {
  for (const player of document.querySelectorAll("[data-player]")) {
    const audio = player.querySelector("audio");
    if (!audio) continue;
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) audio.addEventListener(name, () => show(player, audio));
    player.addEventListener("keydown", (event) => onKey(player, audio, event));
    player.addEventListener("click", (event) => {
      const button = event.target.closest("button.at");
      if (button) playFrom(audio, button.closest("[data-at]"));
    });
    draw(player);
  }
}
