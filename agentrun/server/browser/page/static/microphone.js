// The microphone and the loudspeaker: opened, changed in mid call, and what to do where there is none.
import { $, element, say } from "/console/dom.js";

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const WRITE = "You can also write: the agent answers aloud.";
const PROBLEMS = {
  NotAllowedError: ["denied", "The microphone was denied.", `Allow it for this page in the browser's address bar. ${WRITE}`],
  NotFoundError: ["missing", "There is no microphone.", `Connect one and try again. ${WRITE}`],
  NotReadableError: ["busy", "Another program is using the microphone.", `Close it and try again. ${WRITE}`],
  OverconstrainedError: ["missing", "The microphone that was chosen is gone.", "Choose another one, and talk again."],
};

export async function openMicrophone() {
  say("microphone", "Asking for the microphone …");
  if (!navigator.mediaDevices) {
    const next = `Open http://localhost:${location.port || 80} on this machine, or put TLS in front of the server. ${WRITE}`;
    throw Object.assign(new Error("This browser gives the microphone to https and localhost only."), { next });
  }
  const chosen = $("input").value;
  try {
    const audio = chosen ? { ...SOUND, deviceId: { exact: chosen } } : SOUND;
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (problem) {
    const words = [ "off", `The microphone can't be opened: ${problem.message}`, WRITE ];
    const [state, message, next] = PROBLEMS[problem.name] ?? words;
    throw Object.assign(new Error(message), { next, microphone: `The microphone is ${state}.` });
  }
}

// A track for those who only write: the server is sent silence.
export function silence(context) {
  return context.createMediaStreamDestination().stream;
}

export async function listDevices() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  fill($("input"), devices.filter((device) => device.kind === "audioinput"));
  const outputs = devices.filter((device) => device.kind === "audiooutput");
  fill($("output"), outputs);
  $("output").disabled = !("setSinkId" in HTMLMediaElement.prototype) || !outputs.length;
  $("names").hidden = devices.some((device) => device.label);
}

function fill(select, devices) {
  const before = select.value;
  const named = devices.filter((device) => device.label && device.deviceId !== "default");
  const options = named.map(({ deviceId, label }) => element("option", { value: deviceId, textContent: label }));
  select.replaceChildren(element("option", { value: "", textContent: "Default" }), ...options);
  select.value = named.some((device) => device.deviceId === before) ? before : "";
}
