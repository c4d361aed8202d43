// The keys of a telephone, sent as RTVI's `dtmf`.
import { $, element } from "/console/dom.js";

export function layKeys(press) {
  for (const key of "123456789*0#") {
    const button = element("button", { type: "button", textContent: key, disabled: true });
    button.addEventListener("click", () => {
      press(key);
      $("pressed").textContent += key;
    });
    $("keys").append(button);
  }
}

export function enableKeys(on) {
  for (const button of $("keys").children) button.disabled = !on;
  if (on) $("pressed").textContent = "";
}
