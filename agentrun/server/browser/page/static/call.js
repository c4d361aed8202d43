// One call over WebRTC: sound both ways, and RTVI's messages beside it. A network that changes does not end it.
import { send } from "/console/server.js";

const LABEL = "rtvi-ai";
// 1.x has each piece of text when it was spoken, which is what a page shows
const VERSION = "1.2.0";
const ICE_MILLISECONDS = 2000;
const CONNECT_MILLISECONDS = 20000;
// most of what is lost for a moment comes back by itself
const SHAKY_MILLISECONDS = 4000;
// the server gives a connection up that was lost for 30 s
const KEPT_MILLISECONDS = 30000;
const AGAIN_MILLISECONDS = 2000;
// too many offers, or a worker that is being replaced
const SOON_AGAIN = [429, 503];

// Raises an error where the browser can't hold calls: it was built without WebRTC, or its owner has switched it off.
export function requireCalls() {
  if (window.RTCPeerConnection) return;
  const next = "Allow it in the browser's settings, or open this page in Chrome, Edge, Firefox or Safari.";
  throw Object.assign(new Error("This browser has no WebRTC, which calls are held over."), { next });
}

export class Call extends EventTarget {
  constructor(agent) {
    super();
    this.agent = agent;
    // names the agent as it was edited, or in its other style, where the call is held with that
    this.draft = undefined;
    this.id = "";
    this.closed = this.mending = this.wasUp = false;
    this.peers = [];
    this.peer = this.sender = this.channel = null;
  }

  // Events: "up", "shaky", "sound" (a MediaStream), "message" (one of RTVI's), "over" (why, or nothing for a hang-up).
  async connect(stream) {
    await this.#negotiate(stream.getAudioTracks()[0]);
    setTimeout(() => {
      if (!this.wasUp) this.#unreachable();
    }, CONNECT_MILLISECONDS);
  }

  get #path() {
    return `/${encodeURIComponent(this.agent)}/browser/offer`;
  }

  #unreachable() {
    this.#over(`${this.agent} can't be reached: no connection came about.`);
  }

  // A connection that sends `track`: the call's first, or one in place of another that was lost.
  async #negotiate(track) {
    const peer = (this.peer = new RTCPeerConnection());
    this.peers.push(peer);
    this.sender = peer.addTrack(track, new MediaStream([track]));
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.ontrack = (event) => event.track.kind === "audio" && this.#tell("sound", new MediaStream([event.track]));
    peer.onconnectionstatechange = () => this.peer === peer && this.#connection(peer.connectionState);
    const channel = (this.channel = peer.createDataChannel("chat", { ordered: true }));
    const isFirst = !this.name;
    channel.onopen = () => isFirst && this.send("client-ready", { version: VERSION, about: { library: "agentrun" } });
    channel.onmessage = (event) => this.#read(event.data);
    channel.onclose = () => this.channel === channel && this.#over("", `${this.agent} has hung up.`);
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    if (!this.closed) await this.#offer(peer);
  }

  async #offer(peer) {
    const { sdp, type } = peer.localDescription;
    const again = this.name ? { pc_id: this.name, restart_pc: true } : { draft: this.draft };
    const answer = await send(this.#path, "POST", { sdp, type, ...again }, CONNECT_MILLISECONDS).catch((problem) => {
      throw Object.assign(new Error(`${this.agent} can't be reached: ${problem.message}`), { status: problem.status });
    });
    const described = await answer.json();
    const isFirst = !this.name;
    this.name = described.pc_id;
    if (this.closed) return isFirst && this.#leave();
    this.id ||= described.call_id ?? "";
    await peer.setRemoteDescription({ sdp: described.sdp, type: described.type });
  }

  // Keeps the call through the loss of its connection: offers another until one is up, or the server has given it up.
  async #mend() {
    if (this.mending || this.closed) return;
    if (!this.wasUp) return this.#unreachable();
    this.mending = true;
    this.#tell("shaky");
    const end = performance.now() + KEPT_MILLISECONDS;
    while (!this.closed && !(await this.#replace())) {
      if (performance.now() > end) return this.#over("The connection was lost.");
      await pause(AGAIN_MILLISECONDS);
    }
    this.mending = false;
  }

  // Whether another connection is up.
  async #replace() {
    try {
      await this.#negotiate(this.sender.track);
    } catch (problem) {
      // without a status nobody has answered
      if (problem.status && !SOON_AGAIN.includes(problem.status)) this.#over("The connection was lost.");
      return false;
    }
    return settled(this.peer);
  }

  get isUp() {
    return !this.closed && this.channel?.readyState === "open";
  }

  send(type, data) {
    if (this.channel?.readyState !== "open") return;
    this.channel.send(JSON.stringify({ id: crypto.randomUUID?.() ?? `${Math.random()}`, label: LABEL, type, data }));
  }

  close() {
    // over a connection that is lost the server would not hear of it; a channel that is closed was so by the server
    const isLost = this.peer?.connectionState !== "connected" && this.channel?.readyState !== "closed";
    if (!this.closed && this.name && isLost) this.#leave();
    this.closed = true;
    this.channel?.close();
    for (const peer of this.peers) peer.close();
  }

  // Also while the page is left. An answer of 410 says that the call was over.
  #leave() {
    fetch(this.#path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ pc_id: this.name, hang_up: true }),
      keepalive: true,
    }).catch(() => {});
  }

  #connection(state) {
    if (this.closed) return;
    clearTimeout(this.waiting);
    if (state === "connected") this.#up();
    if (state === "failed") this.#mend();
    if (state !== "disconnected") return;
    this.#tell("shaky");
    this.waiting = setTimeout(() => this.#mend(), SHAKY_MILLISECONDS);
  }

  #up() {
    this.wasUp = true;
    for (const peer of this.peers.splice(0, this.peers.length - 1)) peer.close();
    this.#tell("up");
  }

  #read(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (!this.closed && message?.label === LABEL) this.#tell("message", { ...message, data: message.data ?? {} });
  }

  #over(problem, state) {
    if (!this.closed) this.#tell("over", { problem, state });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, ICE_MILLISECONDS);
    peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && resolve();
  });
}

// Whether the connection came about, once that is known.
function settled(peer) {
  return new Promise((resolve) => {
    const look = () => {
      if (peer.connectionState === "connected") resolve(true);
      if (["failed", "closed"].includes(peer.connectionState)) resolve(false);
    };
    peer.addEventListener("connectionstatechange", look);
    setTimeout(() => resolve(peer.connectionState === "connected"), CONNECT_MILLISECONDS / 2);
    look();
  });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
