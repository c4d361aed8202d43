// The console: begins a call, shows what comes of it, and ends it.
import { chosenAgent, listAgents } from "/console/agents.js";
import { Call, requireCalls } from "/console/call.js";
import { Conversation } from "/console/conversation.js";
import { $, clock, element, say } from "/console/dom.js";
import { draftOf, readyToEdit } from "/console/edit.js";
import { EventLog } from "/console/events.js";
import { enableKeys, layKeys } from "/console/keypad.js";
import { Levels } from "/console/levels.js";
import { listDevices, openMicrophone, silence } from "/console/microphone.js";
import { showProblem, showProblems } from "/console/problems.js";
import { RecordWatch } from "/console/record.js";
import { State } from "/console/state.js";
import { chosenStyle, readyToSwitch, styledDraft } from "/console/style.js";

const log = new EventLog();
let talk = null;
let last = null;

async function start({ writing = "" } = {}) {
  showProblem("");
  last?.record.stop();
  const call = new Call(chosenAgent());
  const style = chosenStyle(call.agent);
  const conversation = new Conversation(call.agent);
  const current = (talk = last = { call, conversation, state: new State(), record: new RecordWatch(call, conversation), writing });
  log.clear();
  setTalking(true);
  say("connection", `Calling ${call.agent} …`);
  listen(current);
  try {
    requireCalls();
    const context = new AudioContext();
    current.levels = new Levels(context);
    current.stream = writing ? silence(context) : await openMicrophone();
    if (call.closed) return release(current);
    if (writing) offerMicrophone();
    else watchMicrophone(current);
    const edited = draftOf(call.agent);
    call.draft = edited ?? (await styledDraft(call.agent));
    current.how = `${style ? ` in the ${style} style` : ""}${edited ? ", as edited" : ""}`;
    if (call.closed) return release(current);
    await call.connect(current.stream);
    $("record").href = `/dashboard/calls/${encodeURIComponent(call.agent)}/${encodeURIComponent(call.id)}`;
  } catch (problem) {
    if (call.closed) return;
    stop(problem.message, "Not connected.", problem.microphone, problem.next);
    if (problem.problems) showProblems(problem.message, problem.problems);
  }
}

function listen(current) {
  const { call } = current;
  call.addEventListener("up", () => {
    say("connection", `Talking with ${call.agent}${current.how}.`);
    log.add("connected");
    if (current.since) current.state.resumed();
    current.since ??= performance.now();
  });
  call.addEventListener("shaky", () => {
    say("connection", call.mending ? "The connection was lost. Connecting again …" : "The connection is shaky …");
    if (call.mending) current.state.lost();
    log.add("shaky");
  });
  call.addEventListener("sound", ({ detail }) => {
    $("sound").srcObject = detail;
    current.levels.watch("agent-level", detail);
  });
  call.addEventListener("over", ({ detail }) => stop(detail.problem, detail.state));
  call.addEventListener("message", ({ detail }) => read(current, detail));
}

function read(current, { type, data }) {
  log.add(type, data);
  for (const part of [current.conversation, current.state, current.record]) part.read(type, data);
  if (type === "bot-ready") ready(current);
  if (type === "error" || type === "error-response") showProblem(data.error || data.message || "The agent has met an error.");
}

function ready(current) {
  enableKeys(true);
  if (!current.writing) return;
  write(current, current.writing);
  current.writing = "";
}

function write(current, text) {
  current.conversation.wrote(text);
  current.state.wrote();
  log.add("wrote", { text });
  current.call.send("send-text", { content: text, options: { run_immediately: true, audio_response: true } });
}

function watchMicrophone(current) {
  const track = current.stream.getAudioTracks()[0];
  track.onended = () => {
    if (talk === current && current.stream.getAudioTracks()[0] === track) loseMicrophone(current);
  };
  current.hasMicrophone = true;
  current.levels.watch("level", current.stream);
  say("microphone", "The microphone is live.");
  $("mute").hidden = false;
  listDevices();
}

// A call that began in writing goes on in talking once its microphone is wanted.
function offerMicrophone() {
  say("microphone", "The microphone is off: unmute to talk.");
  $("mute").hidden = false;
  $("mute").setAttribute("aria-pressed", "true");
}

async function toggleMute() {
  if (!talk?.stream || talk.isOpening) return;
  if (!talk.hasMicrophone) return changeMicrophone({ muted: false });
  const track = talk.stream.getAudioTracks()[0];
  track.enabled = !track.enabled;
  showMuted(!track.enabled);
  log.add(track.enabled ? "unmuted" : "muted");
}

// The call goes on: with the microphone that the system has now, or in writing until there is one again.
async function loseMicrophone(current) {
  log.add("microphone-lost");
  $("input").value = "";
  current.isUnplugged = true;
  await changeMicrophone();
  if (talk !== current) return;
  if (!current.isUnplugged) return showProblem("The microphone was disconnected.", "The call goes on with another one.");
  say("microphone", "The microphone is missing.");
  showProblem("The microphone was disconnected.", "Connect it again and the call takes it. You can write until then.");
}

function devicesChanged() {
  listDevices();
  if (talk?.isUnplugged) changeMicrophone();
}

async function changeMicrophone({ muted = isMuted() } = {}) {
  const current = talk;
  if (!current?.call.sender || current.isOpening) return;
  current.isOpening = true;
  try {
    const stream = await openMicrophone();
    if (talk !== current) return stream.getTracks().forEach((each) => each.stop());
    const [track] = stream.getAudioTracks();
    track.enabled = !muted;
    await current.call.sender.replaceTrack(track);
    const before = current.stream;
    current.stream = stream;
    before.getTracks().forEach((each) => each.stop());
    watchMicrophone(current);
    showMuted(muted);
    if (current.isUnplugged) showProblem("");
    current.isUnplugged = false;
  } catch (problem) {
    if (talk !== current) return;
    if (current.hasMicrophone && !current.isUnplugged) showMuted(isMuted());
    else say("microphone", problem.microphone ?? "The microphone is off.");
    showProblem(problem.message, problem.next);
  } finally {
    current.isOpening = false;
  }
}

const isMuted = () => $("mute").getAttribute("aria-pressed") === "true";

function showMuted(muted) {
  $("mute").setAttribute("aria-pressed", String(muted));
  say("microphone", muted ? "The microphone is muted." : "The microphone is live.");
}

function release(current) {
  current.call.close();
  current.stream?.getTracks().forEach((track) => track.stop());
  current.levels?.close();
}

function stop(problem = "", state = "Not connected.", microphone = "The microphone is off.", next = undefined) {
  if (!talk) return;
  const current = talk;
  const at = document.activeElement;
  talk = null;
  release(current);
  current.conversation.close();
  current.state.show("off");
  current.record.finish();
  log.add(problem ? "error" : "ended", problem ? { error: problem } : {});
  setTalking(false);
  say("connection", state);
  say("microphone", microphone);
  $("mute").setAttribute("aria-pressed", "false");
  $("mute").hidden = true;
  if (at === $("mute") || $("keys").contains(at)) $("talk").focus();
  $("afterwards").hidden = !current.call.id;
  // what was typed and not sent is there again
  $("text").value ||= current.writing;
  if (problem) showProblem(problem, next);
}

function setTalking(on) {
  $("talk").dataset.on = String(on);
  say("talk", on ? "Hang up" : "Talk");
  $("agents").disabled = $("style").disabled = on;
  if (!on) enableKeys(false);
  if (on) $("afterwards").hidden = true;
  $("lasted").hidden = !on;
}

function exportCall() {
  const { call, record } = last;
  const text = JSON.stringify({ agent: call.agent, call: call.id, record: record.row, events: log.export() }, null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  element("a", { href: url, download: `${call.agent}-${call.id}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function submit(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || $("talk").disabled) return;
  if (talk && !talk.call.isUp) return;
  $("text").value = "";
  if (talk) write(talk, text);
  else start({ writing: text });
}

$("talk").addEventListener("click", () => (talk ? stop() : start()));
$("mute").addEventListener("click", toggleMute);
$("writing").addEventListener("submit", submit);
$("export").addEventListener("click", exportCall);
$("input").addEventListener("change", () => talk?.hasMicrophone && changeMicrophone());
$("output").addEventListener("change", () => $("sound").setSinkId($("output").value).catch((problem) => showProblem(problem.message)));
$("devices").addEventListener("toggle", listDevices);
navigator.mediaDevices?.addEventListener("devicechange", devicesChanged);
addEventListener("pagehide", () => stop());
setInterval(() => talk?.since && say("lasted", clock((performance.now() - talk.since) / 1000)), 500);
readyToSwitch();
readyToEdit(() => !talk && Boolean(start()));
layKeys((key) => talk?.call.send("dtmf", { buttons: [key] }));
listAgents().then(
  (agents) => { $("talk").disabled = agents.length === 0; },
  (problem) => showProblem(`The agents can't be listed: ${problem.message}`),
);
