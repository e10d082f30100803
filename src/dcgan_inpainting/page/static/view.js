// The photograph in its window: where it lies there, and all that is drawn on it.

import { sheet } from "./hole.js";

const MARGIN = 16; // pixels of the screen around a photograph that fits
const CLOSEST = 32; // pixels of the screen for one of the photograph's
const SHARP = 3; // from here on pixels are shown as squares

export class View {
  #canvas;
  #layer = sheet(1, 1);
  #scale = 1; // pixels of the screen for one of the photograph's
  #left = 0;
  #top = 0;
  #asked = false;

  /** What is shown; `redraw` draws it. */
  scene = {
    photograph: null, // a picture
    hole: null,
    glimpse: null, // of the search: { picture, side, frames }
    result: null, // { picture, box }
    split: 0, // of a result: the place in the photograph left of which it is as it was
    original: false, // nothing but the photograph
    eyes: [], // places in the photograph
    brush: null, // { x, y, size } in the photograph
  };

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#resized()).observe(canvas);
  }

  get zoom() {
    return this.#scale;
  }

  get #ratio() {
    return window.devicePixelRatio || 1;
  }

  /** Return the place in the photograph that lies under a pointer. */
  place(event) {
    const box = this.#canvas.getBoundingClientRect();
    const x = (event.clientX - box.left - this.#left) / this.#scale;
    return { x, y: (event.clientY - box.top - this.#top) / this.#scale };
  }

  fit() {
    const { photograph } = this.scene;
    if (!photograph) return;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const across = (width - 2 * MARGIN) / photograph.width;
    const down = (height - 2 * MARGIN) / photograph.height;
    this.#scale = Math.min(across, down, SHARP);
    this.#left = (width - this.#scale * photograph.width) / 2;
    this.#top = (height - this.#scale * photograph.height) / 2;
    this.redraw();
  }

  /** Zoom by a factor; the place in the photograph under (x, y) of the window stays there. */
  zoomBy(factor, x = this.#canvas.clientWidth / 2, y = this.#canvas.clientHeight / 2) {
    const scale = Math.min(CLOSEST, Math.max(0.01, this.#scale * factor));
    this.#left = x - ((x - this.#left) * scale) / this.#scale;
    this.#top = y - ((y - this.#top) * scale) / this.#scale;
    this.#scale = scale;
    this.redraw();
  }

  pan(x, y) {
    this.#left += x;
    this.#top += y;
    this.redraw();
  }

  redraw() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #resized() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    for (const canvas of [this.#canvas, this.#layer]) {
      canvas.width = Math.max(1, Math.round(width * this.#ratio));
      canvas.height = Math.max(1, Math.round(height * this.#ratio));
    }
    this.fit();
  }

  #onPhotograph(context) {
    const scale = this.#scale * this.#ratio;
    context.setTransform(scale, 0, 0, scale, this.#left * this.#ratio, this.#top * this.#ratio);
    context.imageSmoothingEnabled = this.#scale < SHARP;
    context.imageSmoothingQuality = "high";
  }

  #draw() {
    const context = this.#canvas.getContext("2d");
    const { photograph, hole, glimpse, result, original, eyes, brush } = this.scene;
    context.resetTransform();
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!photograph) return;
    this.#onPhotograph(context);
    context.drawImage(photograph, 0, 0);
    if (!original) {
      if (result) this.#drawResult(context, result);
      else if (glimpse) this.#drawGlimpse(context, glimpse);
      else {
        context.globalAlpha = 0.55;
        context.drawImage(hole.canvas, 0, 0);
        context.globalAlpha = 1;
      }
      for (const eye of eyes) this.#ring(context, eye.x, eye.y, 7 / this.#scale);
    }
    if (brush) this.#ring(context, brush.x, brush.y, brush.size / 2);
  }

  #drawResult(context, { picture, box }) {
    const { split, photograph } = this.scene;
    context.save();
    context.beginPath();
    context.rect(split, 0, photograph.width - split, photograph.height);
    context.clip();
    context.drawImage(picture, box[0], box[1]);
    context.restore();
    if (split <= box[0] || split >= box[0] + box[2]) return;
    for (const [colour, width] of [["#0008", 4], ["#fff", 2]]) {
      context.fillStyle = colour;
      context.fillRect(split - width / 2 / this.#scale, 0, width / this.#scale, photograph.height);
    }
  }

  /** Draw the faces' squares where they lie in the photograph, in the hole alone. */
  #drawGlimpse(context, { picture, side, frames }) {
    const layer = this.#layer.getContext("2d");
    layer.resetTransform();
    layer.globalCompositeOperation = "source-over";
    layer.clearRect(0, 0, this.#layer.width, this.#layer.height);
    frames.forEach(([across, down, x, y], row) => {
      this.#onPhotograph(layer);
      // The frame counts from the centre of the first pixel, a canvas from its corner.
      layer.transform(1, 0, 0, 1, x + 0.5, y + 0.5);
      layer.transform(across, down, -down, across, 0, 0);
      layer.imageSmoothingEnabled = true;
      layer.drawImage(picture, 0, row * side, side, side, -0.5, -0.5, side, side);
    });
    this.#onPhotograph(layer);
    layer.globalCompositeOperation = "destination-in";
    layer.drawImage(this.scene.hole.canvas, 0, 0);
    context.save();
    context.resetTransform();
    context.drawImage(this.#layer, 0, 0);
    context.restore();
  }

  #ring(context, x, y, radius) {
    for (const [colour, width] of [["#000a", 3], ["#fff", 1.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width / this.#scale;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
