// What the page and its server send each other; page/messages.py has the form.

const BYTES = "application/octet-stream";

/** Send bytes to the server; an answer that refuses them becomes an error that says why. */
export async function post(address, body, signal) {
  const headers = { "Content-Type": BYTES };
  let answer;
  try {
    answer = await fetch(address, { method: "POST", headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server doesn't answer: is it still running?");
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  throw new Error(typeof said.detail === "string" ? said.detail : `status ${answer.status}`);
}

/** Return a message: an object, and files. */
export function message(head, ...parts) {
  const line = JSON.stringify({ ...head, parts: parts.map((part) => part.size) });
  return new Blob([line, "\n", ...parts], { type: BYTES });
}

/** Yield the messages of an answer as they come, each as its object and its files. */
export async function* messages(answer) {
  const bytes = new Bytes(answer.body.getReader());
  for (let line; (line = await bytes.line()) !== null; ) {
    const head = JSON.parse(line);
    const parts = [];
    for (const length of head.parts) parts.push(await bytes.take(length));
    yield [head, parts];
  }
}

class Bytes {
  #reader;
  #rest = new Uint8Array();

  constructor(reader) {
    this.#reader = reader;
  }

  /** Return the next line, or null at the end. */
  async line() {
    let before = "";
    const decoder = new TextDecoder();
    for (;;) {
      const end = this.#rest.indexOf(10);
      const part = this.#rest.subarray(0, end < 0 ? undefined : end);
      before += decoder.decode(part, { stream: end < 0 });
      this.#rest = this.#rest.subarray(part.length + 1);
      if (end >= 0) return before;
      if (!(await this.#next())) return null;
    }
  }

  async take(length) {
    const taken = new Uint8Array(length);
    for (let place = 0; ; ) {
      const part = this.#rest.subarray(0, length - place);
      taken.set(part, place);
      place += part.length;
      this.#rest = this.#rest.subarray(part.length);
      if (place === length) return taken;
      if (!(await this.#next())) throw new Error("the answer is cut short");
    }
  }

  async #next() {
    const { done, value } = await this.#reader.read();
    if (!done) this.#rest = value;
    return !done;
  }
}
