import { readlinkSync } from "node:fs";
import type { MessagePort } from "node:worker_threads";
import { codeOfErrno, isErrorCode, LockstepError } from "../model/errors.ts";

/** Calls between threads: arguments and results are structured clones, buffers may be moved. */
type Message =
  | { readonly kind: "directory"; readonly directory: string }
  | { readonly kind: "loaded" }
  /** Is answered, and nothing else. */
  | { readonly kind: "nudge" }
  | { readonly kind: "nudged" }
  | { readonly kind: "call"; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | {
      readonly kind: "error";
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly path: string | undefined;
    };

export type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

interface PortLike {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (message: Message) => void): unknown;
}

/** A handler's result whose buffers are moved to the other thread instead of copied. */
export class Moved<T> {
  readonly value: T;
  readonly buffers: readonly ArrayBuffer[];

  constructor(value: T, buffers: readonly ArrayBuffer[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Tells the other thread this one's directory in /proc (proc(5)), where there is one; before anything is opened. */
export function tellDirectory(port: MessagePort): void {
  try {
    const directory = `/proc/${readlinkSync("/proc/thread-self")}`;
    port.postMessage({ kind: "directory", directory } satisfies Message);
  } catch {
    // No Linux.
  }
}

/** Both ends of a pair of threads hold one: each can call the handlers of the other. */
export class WorkerPort {
  readonly #port: PortLike;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #broken: Error | undefined;
  readonly #inTurn: boolean;
  #turn: Promise<void> = Promise.resolve();
  #directory: string | undefined;
  #nudged = 0;
  #settleLoaded: () => void = () => undefined;
  /** Resolves when the other thread says that it has loaded what it needs, or is gone. */
  readonly loaded = new Promise<void>((resolve) => (this.#settleLoaded = resolve));

  /**
   * @param inTurn one call is answered before the next one begins. Else calls that wait for something
   * give way to others, and all of them are answered late
   */
  constructor(port: PortLike | MessagePort, handlers: Handlers, inTurn = false) {
    this.#port = port as PortLike;
    this.#inTurn = inTurn;
    this.#port.on("message", (message) => this.#receive(message, handlers));
  }

  #receive(message: Message, handlers: Handlers): void {
    if (message.kind === "nudge") {
      this.#port.postMessage({ kind: "nudged" } satisfies Message);
      return;
    }
    if (message.kind === "nudged") {
      this.#nudged++;
      return;
    }
    if (message.kind === "directory") {
      this.#directory = message.directory;
      return;
    }
    if (message.kind === "loaded") {
      this.#settleLoaded();
      return;
    }
    if (message.kind === "result") {
      this.#pending.get(message.id)?.resolve(message.value);
      this.#pending.delete(message.id);
      return;
    }
    if (message.kind === "error") {
      const { code, path } = message;
      const error = new LockstepError(
        isErrorCode(code) ? code : (codeOfErrno(code) ?? "LOCKSTEP_INTERNAL"),
        message.message.includes(code) || isErrorCode(code) ? message.message : `${message.message} (${code})`,
        path === undefined ? {} : { path },
      );
      this.#pending.get(message.id)?.reject(error);
      this.#pending.delete(message.id);
      return;
    }
    if (!this.#inTurn) void this.#answer(message, handlers);
    else this.#turn = this.#turn.then(() => this.#answer(message, handlers));
  }

  async #answer({ id, name, args }: Message & { kind: "call" }, handlers: Handlers): Promise<void> {
    try {
      const handler = handlers[name] as (...args: readonly unknown[]) => unknown;
      const result = await handler(...args);
      const moved = result instanceof Moved ? result : new Moved(result, []);
      this.#port.postMessage({ kind: "result", id, value: moved.value } satisfies Message, moved.buffers);
    } catch (error) {
      const { code, message: text, path } = error as { code?: string; message: string; path?: string };
      this.#port.postMessage({ kind: "error", id, code: code ?? "", message: text, path } satisfies Message);
    }
  }

  call<T>(name: string, args: readonly unknown[], transfer: readonly ArrayBuffer[] = []): Promise<T> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise<T>((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#port.postMessage({ kind: "call", id, name, args } satisfies Message, transfer);
    });
  }

  /** Tells the other thread that this one has loaded what it needs. */
  tellLoaded(): void {
    this.#port.postMessage({ kind: "loaded" } satisfies Message);
  }

  /** Calls that the other thread has not answered. */
  get pending(): number {
    return this.#pending.size;
  }

  /** The other thread's directory in /proc, when it has begun; undefined where there is none. */
  get directory(): string | undefined {
    return this.#directory;
  }

  /** How often the other thread has answered a nudge. */
  get nudged(): number {
    return this.#nudged;
  }

  /** Has the other thread answer, and do nothing else. */
  nudge(): void {
    this.#port.postMessage({ kind: "nudge" } satisfies Message);
  }

  /** The other thread is gone: everything under way fails. */
  fail(error: Error): void {
    this.#broken = error;
    this.#settleLoaded();
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}
