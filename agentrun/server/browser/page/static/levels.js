// How loud each side is, drawn while the call is up.
import { $ } from "/console/dom.js";

const GAIN = 6;

export class Levels {
  constructor(context) {
    this.context = context;
    this.meters = new Map();
    this.frame = requestAnimationFrame(() => this.#draw());
  }

  watch(id, stream) {
    this.meters.get(id)?.source.disconnect();
    const analyser = this.context.createAnalyser();
    const source = this.context.createMediaStreamSource(stream);
    source.connect(analyser);
    this.meters.set(id, { source, analyser, samples: new Float32Array(analyser.fftSize) });
  }

  close() {
    cancelAnimationFrame(this.frame);
    for (const id of this.meters.keys()) show(id, 0);
    this.meters.clear();
    if (this.context.state !== "closed") this.context.close();
  }

  #draw() {
    for (const [id, { analyser, samples }] of this.meters) {
      analyser.getFloatTimeDomainData(samples);
      show(id, Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length));
    }
    this.frame = requestAnimationFrame(() => this.#draw());
  }
}

function show(id, loudness) {
  $(id).firstChild.style.transform = `scaleX(${Math.min(1, loudness * GAIN)})`;
}
