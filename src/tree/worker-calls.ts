import type { MessagePort } from "node:worker_threads";
import { chooseCalls } from "./choose-calls.ts";
import type { RootWorkerData } from "./restarting-worker.ts";
import type { SystemCalls } from "./system-calls.ts";
import { ThreadBook } from "./thread-book.ts";
import { tellDirectory } from "./worker-port.ts";

/**
 * The system calls of a worker thread that is watched. What the thread before it had open, if that was ended, is closed.
 *
 * @param tellLack is told of what a file system turns out to lack
 */
export function workerCalls(port: MessagePort, data: RootWorkerData, tellLack?: (lack: string) => void): SystemCalls {
  // Before anything that may take long.
  tellDirectory(port);
  const book = new ThreadBook(data.book);
  const calls = chooseCalls(tellLack, book);
  for (const descriptor of book.open()) calls.closeFile(descriptor);
  return calls;
}
