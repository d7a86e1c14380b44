// The camera, and two ways without one.
import { make, word } from './dom.js';
import { decoder } from './decoder.js';
import { findToken } from './token.js';

/** Larger is slower, smaller finds no dense code. */
const VIDEO_SIDE = 960;
const PICTURE_SIDES = [1600, 900, 2400];
const LOOK_EVERY_MS = 150;

export async function scan({ go }) {
  const view = make('scan');
  const camera = new Camera(view, go);
  camera.start();

  view.file.addEventListener('change', async () => {
    const [file] = view.file.files;
    view.file.value = '';
    if (!file) return;
    view.error.textContent = '';
    const token = await fromPicture(file);
    if (token) go(`#/pay/${token}`);
    else view.error.textContent = word('scanNothing');
  });
  view.paste.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = findToken(view.paste.elements.address.value);
    if (token) go(`#/pay/${token}`);
    else view.error.textContent = word('scanOther');
  });
  return { root: view.root, stop: () => camera.stop() };
}

async function fromPicture(file) {
  try {
    const [read, picture] = await Promise.all([decoder(), createImageBitmap(file)]);
    for (const side of PICTURE_SIDES) {
      const text = await read(picture, side);
      if (text) return findToken(text);
    }
  } catch {
    // No picture, or one this browser cannot read.
  }
  return null;
}

class Camera {
  constructor(view, go) {
    Object.assign(this, { view, go, isOver: false });
  }

  async start() {
    const { view } = this;
    if (!navigator.mediaDevices) return this.give(window.isSecureContext ? 'scanBlocked' : 'scanInsecure');
    try {
      const wanted = { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } };
      const [stream, read] = await Promise.all([navigator.mediaDevices.getUserMedia({ video: wanted }), decoder()]);
      this.stream = stream;
      if (this.isOver) return this.stop();
      view.video.srcObject = stream;
      await view.video.play();
      view.finder.classList.add('is-live');
      this.look(read);
    } catch {
      this.give('scanBlocked');
    }
  }

  async look(read) {
    while (!this.isOver) {
      const text = await Promise.resolve(read(this.view.video, VIDEO_SIDE)).catch(() => null);
      if (this.isOver) return;
      const token = text && findToken(text);
      if (token) {
        navigator.vibrate?.(40);
        return this.go(`#/pay/${token}`);
      }
      if (text) this.view.error.textContent = word('scanOther');
      await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
    }
  }

  give(why) {
    // In the place of the picture, so that nothing below it moves.
    this.view.finder.classList.add('is-blocked');
    this.view.blocked.hidden = false;
    this.view.why.textContent = word(why);
  }

  stop() {
    this.isOver = true;
    this.stream?.getTracks().forEach((track) => track.stop());
  }
}
