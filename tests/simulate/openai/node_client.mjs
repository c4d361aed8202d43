// What OpenAI's own client for Node gets from the server whose address is the first argument, as JSON.
import net from "node:net";
import OpenAI, { toFile } from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "any", maxRetries: 0, timeout: 20000 });
const messages = [{ role: "user", content: "Hi" }];
const parameters = { type: "object", properties: { league: { type: "string" } }, required: ["league"] };
const tools = [{ type: "function", function: { name: "get_scores", parameters } }];
const schema = { name: "table", strict: true, schema: { type: "object", properties: { guests: { type: "integer" } } } };

async function chat() {
  const chunks = [];
  for await (const chunk of await client.chat.completions.create({ model: "gpt-4o", messages, stream: true })) {
    chunks.push(chunk.choices[0]?.delta.content ?? "");
  }
  return chunks;
}

async function toolLoop() {
  const ran = [];
  const tool = { ...tools[0].function, parse: JSON.parse, function: ({ league }) => { ran.push(league); return "81:77"; } };
  const runner = client.chat.completions.runTools({ model: "gpt-4o", messages, stream: true, tools: [{ type: "function", function: tool }] });
  return { text: await runner.finalContent(), ran };
}

async function structured() {
  const response_format = { type: "json_schema", json_schema: schema };
  const answer = await client.chat.completions.parse({ model: "gpt-4o", messages, response_format });
  return JSON.parse(answer.choices[0].message.content);
}

async function speech(response_format) {
  const answer = await client.audio.speech.create({ model: "gpt-4o-mini-tts", voice: "marin", input: "one two", response_format });
  const sound = Buffer.from(await answer.arrayBuffer());
  return { type: answer.headers.get("content-type"), begins: sound.subarray(0, 4).toString("latin1"), bytes: sound.length };
}

async function speechEvents() {
  const asked = { model: "gpt-4o-mini-tts", voice: "marin", input: "one two", stream_format: "sse" };
  const text = await (await client.audio.speech.create(asked)).text();
  return text.split("\n").filter((line) => line.startsWith("data: ")).map((line) => JSON.parse(line.slice(6)).type);
}

async function wav() {
  const asked = { model: "gpt-4o-mini-tts", voice: "marin", input: "one two", response_format: "wav" };
  return Buffer.from(await (await client.audio.speech.create(asked)).arrayBuffer());
}

async function transcripts(sound) {
  const file = () => toFile(sound, "speech.wav");
  const found = {};
  for (const response_format of ["text", "verbose_json", "srt", "vtt"]) {
    found[response_format] = await client.audio.transcriptions.create({ file: await file(), model: "whisper-1", response_format });
  }
  const events = await client.audio.transcriptions.create({ file: await file(), model: "gpt-4o-transcribe", stream: true });
  found.stream = [];
  for await (const event of events) found.stream.push(event.type);
  return found;
}

// A session as a page holds it: over a secret that the page's server asked for.
async function realtime() {
  const session = { type: "realtime", model: "gpt-realtime", output_modalities: ["text"] };
  const { value } = await client.realtime.clientSecrets.create({ session });
  const page = new OpenAI({ baseURL: process.argv[2], apiKey: value });
  // the client asks for wss:// whatever its address is, and the server here has no certificate
  const options = { createConnection: ({ host, port }) => net.connect(port, host) };
  const socket = new OpenAIRealtimeWS({ model: "gpt-realtime", options }, page);
  const seen = [];
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("event", (event) => {
      seen.push(event.type);
      if (event.type === "session.created") {
        const content = [{ type: "input_text", text: "Hi" }];
        socket.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
        socket.send({ type: "response.create" });
      }
      if (event.type !== "response.done") return;
      socket.close();
      resolve({ seen: [...new Set(seen)], text: event.response.output[0].content[0].text });
    });
  });
}

async function refused() {
  const asked = { model: "gpt-4o-mini-tts", voice: "marin", input: "one two", response_format: "ogg" };
  return client.audio.speech.create(asked).catch(({ constructor, status, message }) => ({ kind: constructor.name, status, message }));
}

const found = { chat: await chat(), tools: await toolLoop(), structured: await structured(), speech: {} };
for (const format of ["mp3", "wav", "opus", "flac", "aac", "pcm"]) found.speech[format] = await speech(format);
found.default = await speech(undefined);
found.events = await speechEvents();
found.transcripts = await transcripts(await wav());
const embedded = await client.embeddings.create({ model: "text-embedding-3-small", input: ["a b", "c"] });
found.embeddings = embedded.data.map(({ embedding }) => embedding.length);
found.realtime = await realtime();
found.refused = await refused();
console.log(JSON.stringify(found));
