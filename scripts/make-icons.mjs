#!/usr/bin/env node
// Draws the phone app's icons, as web/static/icon.svg has them: a gate on a blue ground.
import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';

const BLUE = [0x1d, 0x55, 0xe0];
const WHITE = [0xff, 0xff, 0xff];
const SAMPLES = 4;

/** Whether a point of the 64 × 64 drawing is white, blue or, outside of the rounded square, nothing. */
function colour(x, y, isSquare) {
  const radius = isSquare ? 0 : 15;
  const outside = Math.hypot(Math.max(Math.abs(x - 32) - (32 - radius), 0), Math.max(Math.abs(y - 32) - (32 - radius), 0));
  if (outside > radius) return null;
  // A maskable icon may be cut to a circle: everything keeps to its middle.
  const scale = isSquare ? 1.25 : 1;
  const [u, v] = [32 + (x - 32) * scale, 32 + (y - 32) * scale];
  const arch = v < 30 ? Math.abs(Math.hypot(u - 32, v - 30) - 14) : Math.hypot(Math.abs(u - 32) - 14, Math.max(v - 48, 0));
  return arch < 3.5 || Math.hypot(u - 32, v - 36) < 5 ? WHITE : BLUE;
}

function pixels(size, isSquare) {
  const rows = [];
  for (let y = 0; y < size; y += 1) {
    const row = Buffer.alloc(1 + size * 4);
    for (let x = 0; x < size; x += 1) {
      const sum = [0, 0, 0, 0];
      for (let i = 0; i < SAMPLES * SAMPLES; i += 1) {
        const at = (k, n) => ((k + (n + 0.5) / SAMPLES) * 64) / size;
        const found = colour(at(x, i % SAMPLES), at(y, Math.floor(i / SAMPLES)), isSquare);
        if (found) [...found, 255].forEach((value, channel) => { sum[channel] += value; });
      }
      const hits = sum[3] / 255;
      sum.forEach((value, channel) => { row[1 + x * 4 + channel] = Math.round(value / (channel < 3 ? hits || 1 : SAMPLES * SAMPLES)); });
    }
    rows.push(row);
  }
  return Buffer.concat(rows);
}

function crc(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

function png(size, isSquare) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(pixels(size, isSquare), { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

const write = (name, ...how) => writeFileSync(new URL(`../web/static/m/${name}.png`, import.meta.url), png(...how));
write('icon-192', 192, false);
write('icon-512', 512, false);
write('icon-maskable', 512, true);
write('icon-apple', 180, true);
