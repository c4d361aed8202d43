// Asks the server, and says what went wrong in words.

export async function request(url, options) {
  let answer;
  try {
    answer = await fetch(url, options);
  } catch {
    throw new Error("the server does not answer. Is it running?");
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => null);
  const words = typeof body?.detail === "string" ? body.detail : `the server answered ${answer.status}`;
  throw Object.assign(new Error(words), { status: answer.status, problems: body?.problems });
}

export const getJson = async (url) => (await request(url)).json();

export const send = (url, method, body, milliseconds = 60000) =>
  request(url, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(milliseconds),
  });
