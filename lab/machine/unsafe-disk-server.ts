/**
 * Serves one file by FUSE, as a disk with a cache that forgets. What is written is kept apart from
 * what is safe until the file is synced. The loop device above it passes on every flush of the file
 * system as an fsync, and nothing else reaches this file in between.
 *
 * Descriptor 3 is the opened /dev/fuse, the arguments are the size, the file with what is safe, and
 * the file with what a reader sees. A line with a path on the standard input cuts the power, most
 * often in the middle of what the file system writes next: what a disk would hold then is written to
 * that path.
 *
 * Source of the numbers: linux/fuse.h
 */
import { execFileSync } from "node:child_process";
import { openSync, read, readSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

const FUSE = 3;
const [, , size, safePath, seenPath] = process.argv;
const BYTES = BigInt(size);
const safe = openSync(safePath, "r+");
const seen = openSync(seenPath, "r+");

/** A piece of a write that no flush has made safe yet. Disks keep promises by the block. */
interface Piece {
  readonly offset: number;
  readonly data: Buffer;
}
const BLOCK = 4096;
let pieces: Piece[] = [];

const NOT_IMPLEMENTED = -38;
const IO_ERROR = -5;

function attributes(): Buffer {
  const attr = Buffer.alloc(104);
  attr.writeBigUInt64LE(1n, 16);
  attr.writeBigUInt64LE(BYTES, 24);
  attr.writeUInt32LE(0o100600, 76);
  attr.writeUInt32LE(1, 80);
  attr.writeUInt32LE(BLOCK, 96);
  return attr;
}

/** The answer to a request, or the number of an error. Nothing where none is expected. */
function answer(opcode: number, body: Buffer): Buffer | number | undefined {
  switch (opcode) {
    case 2: // FORGET
    case 36: // INTERRUPT
    case 42: // BATCH_FORGET
      return undefined;
    case 3: // GETATTR
    case 4: // SETATTR: loop devices do not change the size
      return attributes();
    case 14: // OPEN: 1 is "direct", past the page cache
      return u32(0, 0, 1, 0);
    case 15: {
      const data = Buffer.alloc(body.readUInt32LE(16));
      return data.subarray(0, readSync(seen, data, 0, data.length, position(body)));
    }
    case 16: {
      const length = body.readUInt32LE(16);
      write(position(body), body.subarray(40, 40 + length));
      return u32(length, 0);
    }
    case 20: // FSYNC
      for (const { offset, data } of pieces) {
        keep(offset, data);
      }
      pieces = [];
      return Buffer.alloc(0);
    case 18: // RELEASE
    case 25: // FLUSH is of the descriptor, not of the disk
      return Buffer.alloc(0);
    case 26: {
      const init = Buffer.alloc(64);
      init.writeUInt32LE(7, 0);
      init.writeUInt32LE(31, 4);
      init.writeUInt32LE(1 << 5, 12); // writes of more than a page
      init.writeUInt32LE(128 * 1024, 20);
      return init;
    }
    default:
      return NOT_IMPLEMENTED;
  }
}

const u32 = (...values: number[]) => Buffer.from(new Uint32Array(values).buffer);
const position = (body: Buffer) => Number(body.readBigUInt64LE(8));

function write(offset: number, data: Buffer): void {
  writeSync(seen, data, 0, data.length, offset);
  for (let done = 0; done < data.length; ) {
    const length = Math.min(data.length - done, BLOCK - ((offset + done) % BLOCK));
    const piece = Buffer.from(data.subarray(done, done + length));
    pieces.push({ offset: offset + done, data: piece });
    done += length;
  }
  if (next !== undefined && next.writes-- === 0) {
    cut();
  }
}

/** A file system writes many zeros where zeros are: left out, the file is quickly copied. */
const used = new Set<number>();
const ZEROS = Buffer.alloc(BLOCK);

function keep(offset: number, data: Buffer): void {
  const block = Math.floor(offset / BLOCK);
  if (used.has(block) || !data.equals(ZEROS.subarray(0, data.length))) {
    used.add(block);
    writeSync(safe, data, 0, data.length, offset);
  }
}

/** The cut to come: where to, and after how many writes. */
let next: { readonly path: string; writes: number } | undefined;

function prepareCut(path: string): void {
  next = { path, writes: Math.floor(Math.random() * 30) };
  // A disk to which nobody writes is cut off all the same.
  setTimeout(() => next?.path === path && cut(), 1000);
}

/** Of what was not flushed, anything between nothing and everything is on the disk, in no order. */
function cut(): void {
  const { path } = next as { path: string };
  next = undefined;
  execFileSync("cp", ["--sparse=auto", safePath, path]);
  const image = openSync(path, "r+");
  const share = Math.floor(Math.random() * 5) / 4;
  const kept = pieces.filter(() => Math.random() < share);
  for (const { offset, data } of kept) {
    writeSync(image, data, 0, data.length, offset);
  }
  console.log(`${kept.length} of ${pieces.length}`);
}

const request = Buffer.alloc(128 * 1024 + 4096);

function serve(): void {
  read(FUSE, request, 0, request.length, null, (error, length) => {
    if (error?.code === "ENODEV") {
      process.exit(); // unmounted
    }
    if (!error) {
      respond(request.subarray(0, length));
    }
    serve();
  });
}

function respond(message: Buffer): void {
  let result: Buffer | number | undefined;
  try {
    result = answer(message.readUInt32LE(4), message.subarray(40));
  } catch {
    result = IO_ERROR;
  }
  if (result !== undefined) {
    const body = typeof result === "number" ? Buffer.alloc(0) : result;
    const header = Buffer.alloc(16);
    header.writeUInt32LE(16 + body.length, 0);
    header.writeInt32LE(typeof result === "number" ? result : 0, 4);
    message.copy(header, 8, 8, 16);
    writeSync(FUSE, Buffer.concat([header, body]));
  }
}

createInterface({ input: process.stdin })
  .on("line", prepareCut)
  .on("close", () => process.exit());
serve();
