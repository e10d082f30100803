// The photograph in its window: where it lies there, and all that is drawn on it.

import { sheet } from "./hole.js";

const MARGIN = 16; // pixels of the screen around a photograph that fits
const BAR = 64; // the same below it, where the buttons are
const CLOSEST = 32; // pixels of the screen for one of the photograph's
const GRIP = 12; // pixels of the screen beside a line by which it can be held
const SHARP = 3; // from here on pixels are shown as squares

export class View {
  #canvas;
  #layer = sheet(1, 1);
  #scale = 1; // pixels of the screen for one of the photograph's
  #left = 0;
  #top = 0;
  #asked = false;

  photograph = null;
  hole = null;
  glimpse = null; // of the search: { picture, side, frames }
  result = null; // { picture, box }
  split = 0; // of a result: the place in the photograph left of which it is as it was
  original = false; // nothing but the photograph
  eyes = []; // places in the photograph
  brush = null; // { x, y, size } in the photograph

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => {
      for (const one of [canvas, this.#layer]) {
        one.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
        one.height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
      }
      this.fit();
    }).observe(canvas);
  }

  /** Return the place in the photograph that lies under a pointer. */
  place({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    const x = (clientX - box.left - this.#left) / this.#scale;
    return { x, y: (clientY - box.top - this.#top) / this.#scale };
  }

  /** Whether the line between before and after lies under a place of the photograph. */
  divided(x) {
    return this.result !== null && Math.abs(x - this.split) * this.#scale <= GRIP;
  }

  fit() {
    if (!this.photograph) return;
    const { clientWidth, clientHeight } = this.#canvas;
    const { width, height } = this.photograph;
    const across = (clientWidth - 2 * MARGIN) / width;
    const down = (clientHeight - MARGIN - BAR) / height;
    this.#scale = Math.min(across, down, SHARP);
    this.#left = (clientWidth - this.#scale * width) / 2;
    this.#top = MARGIN + (clientHeight - MARGIN - BAR - this.#scale * height) / 2;
    this.redraw();
  }

  /** Zoom by a factor; the place in the photograph under (x, y) of the window stays there. */
  zoom(factor, x = this.#canvas.clientWidth / 2, y = this.#canvas.clientHeight / 2) {
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
      this.#draw(this.#canvas.getContext("2d"));
    });
  }

  #draw(context) {
    const { photograph, eyes, brush } = this;
    this.#begin(context);
    if (!photograph) return;
    context.drawImage(photograph, 0, 0);
    if (!this.original) {
      if (this.result) this.#drawResult(context, this.result);
      else if (this.glimpse) this.#drawGlimpse(context, this.glimpse);
      else {
        context.globalAlpha = 0.55;
        context.drawImage(this.hole.canvas, 0, 0);
        context.globalAlpha = 1;
      }
      for (const { x, y } of eyes) this.#ring(context, x, y, 7 / this.#scale);
    }
    if (brush) this.#ring(context, brush.x, brush.y, brush.size / 2);
  }

  /** Wipe a canvas, and let it count in the photograph's pixels. */
  #begin(context) {
    const scale = this.#scale * devicePixelRatio;
    context.reset();
    context.setTransform(
      scale, 0, 0, scale, this.#left * devicePixelRatio, this.#top * devicePixelRatio,
    );
    context.imageSmoothingEnabled = this.#scale < SHARP;
    context.imageSmoothingQuality = "high";
  }

  #drawResult(context, { picture, box: [left, top, width] }) {
    const { split, photograph } = this;
    context.save();
    context.beginPath();
    context.rect(split, 0, photograph.width - split, photograph.height);
    context.clip();
    context.imageSmoothingQuality = "medium"; // cubic splines would leave a bright line around it
    context.drawImage(picture, left, top);
    context.restore();
    if (split <= left || split >= left + width) return;
    for (const [colour, wide] of [["#0008", 4], ["#fff", 2]]) {
      context.fillStyle = colour;
      context.fillRect(split - wide / 2 / this.#scale, 0, wide / this.#scale, photograph.height);
    }
  }

  /** Draw the faces' squares where they lie in the photograph, in the hole alone. */
  #drawGlimpse(context, { picture, side, frames }) {
    const layer = this.#layer.getContext("2d");
    this.#begin(layer);
    frames.forEach(([across, down, x, y], row) => {
      layer.save();
      // The frame counts from the centre of the first pixel, a canvas from its corner.
      layer.transform(across, down, -down, across, x + 0.5, y + 0.5);
      layer.imageSmoothingEnabled = true;
      layer.drawImage(picture, 0, row * side, side, side, -0.5, -0.5, side, side);
      layer.restore();
    });
    layer.globalCompositeOperation = "destination-in";
    layer.drawImage(this.hole.canvas, 0, 0);
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
