// One call over WebRTC: sound both ways, and RTVI's messages beside it.
import { send } from "/console/server.js";

const LABEL = "rtvi-ai";
// 1.x has each piece of text when it was spoken, which is what a page shows
const VERSION = "1.2.0";
const ICE_MILLISECONDS = 2000;
const CONNECT_MILLISECONDS = 20000;

export class Call extends EventTarget {
  // `draft` names an edited spec of the agent that is not written, where the call is held with one.
  constructor(agent, draft) {
    super();
    this.agent = agent;
    this.draft = draft;
    this.id = "";
    this.closed = false;
    this.peer = null;
    this.channel = null;
  }

  // Events: "up", "shaky", "sound" (a MediaStream), "message" (one of RTVI's), "over" (why, or nothing for a hang-up).
  async connect(stream) {
    const peer = (this.peer = new RTCPeerConnection());
    this.sender = stream.getAudioTracks().map((track) => peer.addTrack(track, stream))[0];
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.ontrack = ({ track }) => track.kind === "audio" && this.#tell("sound", new MediaStream([track]));
    peer.onconnectionstatechange = () => this.#connection(peer.connectionState);
    const channel = (this.channel = peer.createDataChannel("chat", { ordered: true }));
    channel.onopen = () => this.send("client-ready", { version: VERSION, about: { library: "agentrun" } });
    channel.onmessage = (event) => this.#read(event.data);
    channel.onclose = () => this.#over("", `${this.agent} has hung up.`);
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    if (!this.closed) await this.#offer(peer);
  }

  async #offer(peer) {
    const { sdp, type } = peer.localDescription;
    const path = `/${encodeURIComponent(this.agent)}/browser/offer`;
    const answer = await send(path, "POST", { sdp, type, draft: this.draft }).catch((problem) => {
      throw new Error(`${this.agent} can't be reached: ${problem.message}`);
    });
    const described = await answer.json();
    if (this.closed) return;
    this.id = described.call_id ?? "";
    await peer.setRemoteDescription({ sdp: described.sdp, type: described.type });
    setTimeout(() => {
      if (this.channel.readyState !== "open") this.#over(`${this.agent} can't be reached: no connection came about.`);
    }, CONNECT_MILLISECONDS);
  }

  get isUp() {
    return !this.closed && this.channel?.readyState === "open";
  }

  send(type, data) {
    if (this.channel?.readyState !== "open") return;
    this.channel.send(JSON.stringify({ id: crypto.randomUUID?.() ?? `${Math.random()}`, label: LABEL, type, data }));
  }

  close() {
    this.closed = true;
    this.channel?.close();
    this.peer?.close();
  }

  #connection(state) {
    if (this.closed) return;
    if (state === "connected") this.#tell("up");
    if (state === "disconnected") this.#tell("shaky");
    if (state === "failed") this.#over("The connection was lost.");
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
