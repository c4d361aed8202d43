// The keys of a telephone, sent as RTVI's `dtmf`.
import { $, element } from "/console/dom.js";

const KEYS = "123456789*0#";

// They are pressed by mouse or finger, and typed where one of them has the keyboard.
export function layKeys(press) {
  const send = (key) => {
    press(key);
    $("pressed").textContent += key;
  };
  for (const key of KEYS) {
    const button = element("button", { type: "button", textContent: key, disabled: true });
    button.addEventListener("click", () => send(key));
    $("keys").append(button);
  }
  $("keys").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !KEYS.includes(event.key)) return;
    $("keys").children[KEYS.indexOf(event.key)].focus();
    send(event.key);
  });
}

export function enableKeys(on) {
  for (const button of $("keys").children) button.disabled = !on;
  if (on) $("pressed").textContent = "";
}
