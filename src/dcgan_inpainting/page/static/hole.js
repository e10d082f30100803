// The hole as it is painted: what was done to it, step by step, so that each can be taken back.

export const TINT = "#f0386b";
const HALF = 128; // of a pixel's levels: from here on it is in the hole

export class Hole {
  #done = [];
  #undone = [];

  constructor(width, height) {
    this.canvas = sheet(width, height); // opaque where something is missing
  }

  get undoable() {
    return this.#done.length > 0;
  }

  get redoable() {
    return this.#undone.length > 0;
  }

  /** Begin a stroke; `extend` goes on with it. */
  stroke(x, y, size, erase) {
    this.#add({ kind: "stroke", points: [[x, y]], size, erase });
  }

  extend(x, y) {
    const { points, size, erase } = this.#done.at(-1);
    points.push([x, y]);
    this.#segment(points.at(-2), points.at(-1), size, erase);
  }

  clear() {
    this.#add({ kind: "clear" });
  }

  invert() {
    this.#add({ kind: "invert" });
  }

  /** Take the hole of a picture: white on black, or on nothing. */
  load(picture) {
    const { width, height } = this.canvas;
    if (picture.width !== width || picture.height !== height) {
      const sizes = [picture, this.canvas].map((one) => `${one.width}×${one.height}`);
      throw new Error(`the mask has ${sizes[0]} pixels, and the photograph ${sizes[1]}`);
    }
    const loaded = sheet(width, height);
    const context = loaded.getContext("2d");
    context.fillRect(0, 0, width, height);
    context.drawImage(picture, 0, 0);
    const image = context.getImageData(0, 0, width, height);
    const tint = [1, 3, 5].map((at) => parseInt(TINT.slice(at, at + 2), 16));
    for (let at = 0; at < image.data.length; at += 4) {
      const [red, green, blue] = image.data.subarray(at, at + 3);
      const white = 0.299 * red + 0.587 * green + 0.114 * blue >= HALF - 0.5;
      image.data.set([...tint, white ? 255 : 0], at);
    }
    context.putImageData(image, 0, 0);
    this.#add({ kind: "picture", picture: loaded });
  }

  undo() {
    if (!this.undoable) return;
    this.#undone.push(this.#done.pop());
    this.#context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (const step of this.#done) this.#apply(step);
  }

  /** Take back the last step, for good. */
  withdraw() {
    this.undo();
    this.#undone.pop();
  }

  redo() {
    if (!this.redoable) return;
    this.#done.push(this.#undone.pop());
    this.#apply(this.#done.at(-1));
  }

  /** Return the hole as a PNG, white on black, and the share of the photograph that it has. */
  async mask() {
    const { width, height } = this.canvas;
    const image = this.#context.getImageData(0, 0, width, height);
    const words = new Uint32Array(image.data.buffer);
    let missing = 0;
    for (let at = 0; at < words.length; at++) {
      const inside = image.data[4 * at + 3] >= HALF;
      missing += inside;
      words[at] = inside ? 0xffffffff : 0xff000000;
    }
    const drawn = sheet(width, height);
    drawn.getContext("2d").putImageData(image, 0, 0);
    const file = await new Promise((resolve) => drawn.toBlob(resolve, "image/png"));
    return { file, share: missing / words.length };
  }

  get #context() {
    return this.canvas.getContext("2d");
  }

  #add(step) {
    this.#done.push(step);
    this.#undone = [];
    this.#apply(step);
  }

  #apply(step) {
    const { width, height } = this.canvas;
    const context = this.#context;
    context.globalCompositeOperation = step.kind === "invert" ? "xor" : "source-over";
    context.fillStyle = TINT;
    if (step.kind === "stroke") {
      const { points, size, erase } = step;
      this.#segment(points[0], points[0], size, erase);
      for (let at = 1; at < points.length; at++) {
        this.#segment(points[at - 1], points[at], size, erase);
      }
    } else if (step.kind === "invert") {
      context.fillRect(0, 0, width, height);
    } else {
      context.clearRect(0, 0, width, height);
      if (step.kind === "picture") context.drawImage(step.picture, 0, 0);
    }
  }

  #segment(from, to, size, erase) {
    const context = this.#context;
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    context.strokeStyle = context.fillStyle = TINT;
    context.lineWidth = size;
    context.lineCap = "round";
    context.beginPath();
    if (from[0] === to[0] && from[1] === to[1]) {
      context.arc(...to, size / 2, 0, 2 * Math.PI);
      context.fill();
    } else {
      context.moveTo(...from);
      context.lineTo(...to);
      context.stroke();
    }
  }
}

/** Return an empty canvas. */
export function sheet(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
