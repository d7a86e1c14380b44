// Reads QR codes: with the browser's own detector where there is one, else with a library that is loaded
// only then.

const { assets } = document.querySelector('.app').dataset;
const canvas = document.createElement('canvas');

async function native() {
  if (!globalThis.BarcodeDetector) return null;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes('qr_code')) return null;
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  return async (source) => (await detector.detect(source))[0]?.rawValue;
}

/** As a plain script: not every browser asks again for a module that it could not load. */
const load = (src) => new Promise((onload, onerror) => {
  document.head.append(Object.assign(document.createElement('script'), { src, onload, onerror }));
});

async function library() {
  await load(`${assets}/vendor/jsqr.js`);
  const { jsQR } = globalThis;
  return (source, maxSide) => {
    const [width, height] = [source.videoWidth || source.width, source.videoHeight || source.height];
    const scale = Math.min(1, maxSide / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    if (!canvas.width || !canvas.height) return null;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return jsQR(data, canvas.width, canvas.height)?.data;
  };
}

let ready;
/** A function that finds the text of a QR code in a video or picture. What could not be loaded is, the next time. */
export const decoder = () => (ready ||= native().then((found) => found || library()).catch((error) => {
  ready = null;
  throw error;
}));
