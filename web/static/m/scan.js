// The camera, and two ways without one.
import { make, word } from './dom.js';
import { decoder } from './decoder.js';
import { findToken } from './token.js';

/** Larger is slower, smaller finds no dense code. */
const VIDEO_SIDE = 960;
const PICTURE_SIDES = [1600, 900, 2400];
const LOOK_EVERY_MS = 150;
/** A picture that stands still this long comes from no camera any more. */
const FROZEN_MS = 4000;
/** How often the camera may end while somebody looks before a button asks for it. */
const MOST_ENDINGS = 1;

export async function scan({ go }) {
  const view = make('scan');
  const camera = new Camera(view, go);
  camera.start();

  view.again.addEventListener('click', () => camera.resume());
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
    Object.assign(this, { view, go, isOver: false, turn: 0, endings: 0 });
    this.onTurn = () => (document.visibilityState === 'visible' ? this.resume() : this.release());
  }

  start() {
    if (!navigator.mediaDevices) return this.give(window.isSecureContext ? 'scanBlocked' : 'scanInsecure');
    // A phone that is locked, or shows another app, takes the camera away, and some never say so.
    document.addEventListener('visibilitychange', this.onTurn);
    return this.open();
  }

  /** Asks for the camera, and looks through it until it ends. */
  async open() {
    const { view } = this;
    this.release();
    const mine = this.turn;
    const isStale = () => this.isOver || mine !== this.turn;
    // It loads while the customer is asked for the camera.
    const loading = decoder().catch(() => null);
    try {
      const wanted = { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
      if (isStale()) return letGo(stream);
      this.stream = stream;
      for (const track of stream.getTracks()) track.addEventListener('ended', () => { if (!isStale()) this.ended(); });
      view.video.srcObject = stream;
      await view.video.play();
    } catch {
      // While nobody looks, no camera is given.
      if (!isStale() && document.visibilityState === 'visible') this.give('scanBlocked');
      return;
    }
    const read = await loading;
    if (isStale()) return;
    if (!read) return this.give('scanUnloaded');
    view.finder.classList.add('is-live');
    this.look(read, isStale);
  }

  async look(read, isStale) {
    let shownAt = Date.now();
    let shown = -1;
    while (!isStale()) {
      const { video } = this.view;
      const text = await Promise.resolve(read(video, VIDEO_SIDE)).catch(() => null);
      if (isStale()) return;
      const token = text && findToken(text);
      if (token) {
        navigator.vibrate?.(40);
        return this.go(`#/pay/${token}`);
      }
      if (text) this.view.error.textContent = word('scanOther');
      if (video.currentTime !== shown) [shown, shownAt] = [video.currentTime, Date.now()];
      else if (Date.now() - shownAt > FROZEN_MS) return this.ended();
      await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
    }
  }

  /** The system has taken the camera away, or its picture stands still: it is asked for once more, then by a button. */
  ended() {
    this.endings += 1;
    if (this.endings > MOST_ENDINGS) return this.give('scanEnded');
    return this.open();
  }

  /** Somebody looks again. What was given up before is tried again, too. */
  resume() {
    this.endings = 0;
    this.view.finder.classList.remove('is-blocked');
    this.view.blocked.hidden = true;
    return this.open();
  }

  give(why) {
    this.release();
    this.view.again.hidden = why === 'scanInsecure';
    // In the place of the picture, so that nothing below it moves.
    this.view.finder.classList.add('is-blocked');
    this.view.blocked.hidden = false;
    this.view.why.textContent = word(why);
  }

  release() {
    this.turn += 1;
    if (this.stream) letGo(this.stream);
    this.stream = null;
    this.view.finder.classList.remove('is-live');
  }

  stop() {
    this.isOver = true;
    document.removeEventListener('visibilitychange', this.onTurn);
    this.release();
  }
}

const letGo = (stream) => stream.getTracks().forEach((track) => track.stop());
