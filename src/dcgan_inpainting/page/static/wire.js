// What the page and its server send each other; page/messages.py has the form.

const BYTES = "application/octet-stream";

/** Send a file or a message; an answer that refuses it becomes an error that says why. */
export async function post(address, body, signal) {
  const options = { method: "POST", headers: { "Content-Type": BYTES }, body, signal };
  const answer = await fetch(address, options).catch((error) => {
    throw error.name === "AbortError" ? error : new Error("The server doesn't answer: is it running?");
  });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer;
}

/** Return a message: an object, and files. */
export function message(head, ...parts) {
  const line = JSON.stringify({ ...head, parts: parts.map((part) => part.size) });
  return new Blob([line, "\n", ...parts], { type: BYTES });
}

/** Yield the messages of an answer as they come, each as its object and its files. */
export async function* messages(answer) {
  const reader = answer.body.getReader();
  let rest = new Uint8Array();

  /** Return so many bytes as soon as they are there. */
  async function take(length) {
    const taken = new Uint8Array(length);
    for (let place = 0; ; ) {
      const part = rest.subarray(0, length - place);
      taken.set(part, place);
      place += part.length;
      rest = rest.subarray(part.length);
      if (place === length) return new Blob([taken]);
      const { done, value } = await reader.read();
      if (done) throw new Error("The server has ended its answer too soon");
      rest = value;
    }
  }

  for (;;) {
    let line = rest;
    while (!line.includes(10)) {
      const { done, value } = await reader.read();
      if (done) return;
      line = new Uint8Array(await new Blob([line, value]).arrayBuffer());
    }
    const end = line.indexOf(10);
    rest = line.subarray(end + 1);
    const head = JSON.parse(new TextDecoder().decode(line.subarray(0, end)));
    const parts = [];
    for (const length of head.parts) parts.push(await take(length));
    yield [head, parts];
  }
}
