// QR codes as a camera sees them: the pixels of a screenshot, read with the decoder that phones load.
import { createRequire } from 'node:module';
import { PNG } from 'pngjs';

const jsQR = createRequire(import.meta.url)('../../../web/vendor/jsqr.js');

/** The text of the QR code in a screenshot; null when there is none. */
export function textOf(png) {
  const { data, width, height } = PNG.sync.read(png);
  return jsQR(new Uint8ClampedArray(data), width, height)?.data ?? null;
}

/** A film of a screenshot, as a browser takes one for its camera: two frames of YUV 4:2:0. */
export function filmOf(png, [width, height] = [640, 480]) {
  const picture = PNG.sync.read(png);
  const luma = Buffer.alloc(width * height, 235);
  const [left, top] = [Math.floor((width - picture.width) / 2), Math.floor((height - picture.height) / 2)];
  if (left < 0 || top < 0) throw new Error('the picture is larger than the film');
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < picture.width; x += 1) {
      const [red, green, blue] = picture.data.subarray((y * picture.width + x) * 4);
      luma[(y + top) * width + x + left] = Math.round(16 + (0.299 * red + 0.587 * green + 0.114 * blue) * (219 / 255));
    }
  }
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, Buffer.alloc((width * height) / 2, 128)]);
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), frame, frame]);
}
