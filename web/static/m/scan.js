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

  view.again.addEventListener('click', () => go('#/scan'));
  view.file.addEventListener('change', async () => {
    const [file] = view.file.files;
    view.file.value = '';
    if (!file) return;
    view.error.textContent = '';
    const read = await decoder().catch(() => null);
    const token = read && await fromPicture(file, read);
    if (token) go(`#/pay/${token}`);
    else view.error.textContent = word(read ? 'scanNothing' : 'scanUnloaded');
  });
  view.paste.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = findToken(view.paste.elements.address.value);
    if (token) go(`#/pay/${token}`);
    else view.error.textContent = word('scanOther');
  });
  return { root: view.root, stop: () => camera.stop() };
}

async function fromPicture(file, read) {
  try {
    const picture = await createImageBitmap(file);
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
    // It loads while the customer is asked for the camera.
    const loading = decoder().catch(() => null);
    try {
      const wanted = { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
      if (this.isOver) return this.stop();
      view.video.srcObject = this.stream;
      await view.video.play();
    } catch {
      return this.give('scanBlocked');
    }
    const read = await loading;
    if (this.isOver) return;
    if (!read) return this.give('scanUnloaded');
    view.finder.classList.add('is-live');
    this.look(read);
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
    this.stop();
    this.view.again.hidden = why !== 'scanUnloaded';
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
