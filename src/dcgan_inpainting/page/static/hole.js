// The hole as it is painted: what was done to it, step by step, so that each can be taken back.

const TINT = "#f0386b";
const HALF = 128; // of a pixel's levels: from here on it is in the hole

export class Hole {
  done = []; // functions that draw
  undone = [];

  constructor(width, height) {
    this.canvas = sheet(width, height); // opaque where something is missing
    this.context = this.canvas.getContext("2d");
  }

  add(step) {
    this.done.push(step);
    this.undone = [];
    step();
  }

  undo() {
    if (!this.done.length) return;
    this.undone.push(this.done.pop());
    this.#fill("copy", "#0000");
    for (const step of this.done) step();
  }

  redo() {
    if (!this.undone.length) return;
    this.done.push(this.undone.pop());
    this.done.at(-1)();
  }

  /** Take back the last step, for good. */
  withdraw() {
    this.undo();
    this.undone.pop();
  }

  clear() {
    this.add(() => this.#fill("copy", "#0000"));
  }

  invert() {
    this.add(() => this.#fill("xor", TINT));
  }

  /** Begin a stroke. */
  stroke(x, y, size, erase) {
    const points = [[x, y]];
    this.points = points;
    this.draw = (from, to) => this.#segment(from, to, size, erase);
    const draw = this.draw;
    this.add(() => points.forEach((to, at) => draw(points[Math.max(0, at - 1)], to)));
  }

  /** Go on with the stroke. */
  extend(x, y) {
    this.points.push([x, y]);
    this.draw(...this.points.slice(-2));
  }

  /** Take the hole of a picture: white on black, or on nothing. */
  load(picture) {
    const { width, height } = this.canvas;
    if (picture.width !== width || picture.height !== height) {
      const [mask, own] = [picture, this.canvas].map((one) => `${one.width}×${one.height}`);
      throw new Error(`The mask has ${mask} pixels, and the photograph ${own}: they must be the same`);
    }
    const loaded = sheet(width, height).getContext("2d");
    loaded.fillRect(0, 0, width, height);
    loaded.drawImage(picture, 0, 0);
    const image = loaded.getImageData(0, 0, width, height);
    const { data } = image;
    for (let at = 0; at < data.length; at += 4) {
      const light = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
      data[at + 3] = light >= HALF - 0.5 ? 255 : 0;
    }
    loaded.putImageData(image, 0, 0);
    loaded.globalCompositeOperation = "source-in";
    loaded.fillStyle = TINT;
    loaded.fillRect(0, 0, width, height);
    this.add(() => {
      this.#fill("copy", "#0000");
      this.context.globalCompositeOperation = "source-over";
      this.context.drawImage(loaded.canvas, 0, 0);
    });
  }

  /** Return the hole as a PNG, white on black, and the share of the photograph that it has. */
  async mask() {
    const { width, height } = this.canvas;
    const image = this.context.getImageData(0, 0, width, height);
    const pixels = new Uint32Array(image.data.buffer);
    let missing = 0;
    for (let at = 0; at < pixels.length; at++) {
      const inside = image.data[4 * at + 3] >= HALF;
      missing += inside;
      pixels[at] = inside ? 0xffffffff : 0xff000000;
    }
    const mask = sheet(width, height);
    mask.getContext("2d").putImageData(image, 0, 0);
    const file = await new Promise((resolve) => mask.toBlob(resolve, "image/png"));
    return { file, share: missing / pixels.length };
  }

  #fill(way, colour) {
    this.context.globalCompositeOperation = way;
    this.context.fillStyle = colour;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #segment(from, to, size, erase) {
    const { context } = this;
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    context.strokeStyle = context.fillStyle = TINT;
    context.lineWidth = size;
    context.lineCap = "round";
    context.beginPath();
    if (from === to) {
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
  return Object.assign(document.createElement("canvas"), { width, height });
}
