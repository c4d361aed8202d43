// The sound of a call while it is spoken: a WAV file that grows, played as it comes.
const HEAD_BYTES = 44;
const AHEAD_SECONDS = 0.15; // what the network may be late by
const MOST_AHEAD_SECONDS = 0.8; // sound that waits for longer is left out until it is level again
const TRIES = 12; // each may reach another worker of the server

class Speaker {
  constructor(context, rate) {
    this.context = context;
    this.rate = rate;
    this.next = 0;
    this.isBehind = false;
    this.left = new Uint8Array();
  }

  play(bytes) {
    const all = new Uint8Array(this.left.length + bytes.length);
    all.set(this.left);
    all.set(bytes, this.left.length);
    const frames = Math.floor(all.length / 4);
    this.left = all.slice(frames * 4);
    if (!frames) return 0;
    const samples = new DataView(all.buffer, 0, frames * 4);
    const buffer = this.context.createBuffer(2, frames, this.rate);
    let peak = 0;
    for (const channel of [0, 1]) {
      const target = buffer.getChannelData(channel);
      for (let frame = 0; frame < frames; frame += 1) {
        target[frame] = samples.getInt16(frame * 4 + channel * 2, true) / 32768;
        peak = Math.max(peak, Math.abs(target[frame]));
      }
    }
    this.schedule(buffer);
    return peak;
  }

  schedule(buffer) {
    const now = this.context.currentTime;
    const ahead = this.next - now;
    if (ahead > MOST_AHEAD_SECONDS) this.isBehind = true;
    else if (ahead < AHEAD_SECONDS * 2) this.isBehind = false;
    if (this.isBehind) return;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    this.next = ahead > 0 ? this.next : now + AHEAD_SECONDS;
    source.start(this.next);
    this.next += buffer.duration;
  }
}

async function open(address, signal) {
  for (let left = TRIES; ; left -= 1) {
    const answer = await fetch(address, { signal, cache: "no-store" });
    if (answer.ok) return answer;
    const { detail } = await answer.json().catch(() => ({}));
    if (answer.status !== 421 || left <= 1) throw new Error(detail ?? `the server answered with ${answer.status}`);
  }
}

async function head(reader) {
  let bytes = new Uint8Array();
  while (bytes.length < HEAD_BYTES) {
    const { done, value } = await reader.read();
    if (done) throw new Error("there was no sound");
    const all = new Uint8Array(bytes.length + value.length);
    all.set(bytes);
    all.set(value, bytes.length);
    bytes = all;
  }
  return { rate: new DataView(bytes.buffer).getUint32(24, true), rest: bytes.slice(HEAD_BYTES) };
}

async function listen(address, context, signal, show) {
  const reader = (await open(address, signal)).body.getReader();
  const { rate, rest } = await head(reader);
  const speaker = new Speaker(context, rate);
  show(speaker.play(rest));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    show(speaker.play(value));
  }
}

function start(part) {
  const button = part.querySelector("button");
  const words = part.querySelector("[role=status]");
  const meter = part.querySelector("meter");
  let stop = null;

  function show(isOn, text) {
    button.setAttribute("aria-pressed", String(isOn));
    button.textContent = isOn ? "Stop listening" : "Listen";
    words.textContent = text;
    meter.hidden = !isOn;
    meter.value = 0;
  }

  async function run() {
    stop = new AbortController();
    const context = new AudioContext();
    show(true, "Connecting…");
    let level = 0;
    try {
      await listen(part.dataset.listen, context, stop.signal, (peak) => {
        level = Math.max(peak, level * 0.7);
        meter.value = level;
        if (words.textContent !== "Live") words.textContent = "Live";
      });
      show(false, "The sound has ended.");
    } catch (error) {
      const wasStopped = stop.signal.aborted;
      show(false, wasStopped ? "" : error instanceof TypeError ? "The connection was lost." : error.message);
    } finally {
      stop = null;
      context.close();
    }
  }

  button.addEventListener("click", () => (stop ? stop.abort() : run()));
}

export function startListening() {
  for (const part of document.querySelectorAll("[data-listen]")) start(part);
}
