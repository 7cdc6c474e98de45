/** Worker thread: reads content for other hosts, apart from the thread that runs the rounds. */
import { parentPort, workerData } from "node:worker_threads";
import type { ReadRange } from "../ports/tree.ts";
import { chooseCalls } from "./choose-calls.ts";
import { ConfinedDirectories } from "./confined-directories.ts";
import { RecordPacker } from "./content-records.ts";
import type { RoundWorkerData } from "./round-worker.ts";
import { newFileStat } from "./system-calls.ts";
import { Moved, WorkerPort } from "./worker-port.ts";

if (parentPort === null) throw new Error("runs as a worker only");
const { path } = workerData as RoundWorkerData;
const calls = chooseCalls();
const stat = newFileStat();

/** Puts one range into the frames; false when the file is not as it was stated. */
function readRange(directories: ConfinedDirectories, packer: RecordPacker, range: ReadRange): boolean {
  const { directory, name } = directories.locate(range.path);
  const fd = calls.openFile(directory, name);
  try {
    calls.statFile(fd, stat);
    if (stat.size !== range.size) return false;
    for (let done = 0; done < range.length; ) {
      const written = packer.add(range.index, range.length - done, (buffer, offset, length) =>
        calls.read(fd, buffer, offset, length, range.offset + done),
      );
      if (written === 0) return false;
      done += written;
    }
    return true;
  } finally {
    calls.closeFile(fd);
  }
}

const port = new WorkerPort(parentPort, {
  /** Packed records of all ranges; one request is bounded, so its frames fit in memory. */
  read(ranges: readonly ReadRange[]): Moved<Uint8Array[]> {
    const frames: Uint8Array<ArrayBuffer>[] = [];
    const packer = new RecordPacker((frame) => frames.push(frame));
    const directories = new ConfinedDirectories(calls, path);
    try {
      for (const range of ranges) {
        let whole = false;
        try {
          whole = readRange(directories, packer, range);
        } catch {
          // Unreadable by now: the record says so, and the remote keeps its old version.
        }
        if (!whole) packer.fail(range.index);
      }
    } finally {
      directories.close();
    }
    packer.flush();
    return new Moved(
      frames,
      frames.map((frame) => frame.buffer),
    );
  },
});
void port;
