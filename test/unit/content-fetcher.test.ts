/** The fetcher over channels that break, against a master that this test plays. */
import test from "ava";
import { LockstepError } from "../../src/model/errors.ts";
import type { Channel, Frame, Mesh } from "../../src/ports/mesh.ts";
import { ContentFetcher } from "../../src/roles/content-fetcher.ts";
import { RateLimiter } from "../../src/roles/rate-limiter.ts";
import { CONTENT_FRAME, writeFrameHeader } from "../../src/wire/content-frame.ts";
import { ContentRequest } from "../../src/wire/messages.ts";

type Answer = (request: ContentRequest, channel: FakeChannel) => void;

/** One side of a channel whose other side answers at once. */
class FakeChannel implements Channel {
  readonly peer = "master";
  heardAt = 0;
  readonly #closed = new AbortController();
  readonly #frames: Frame[] = [];
  #taken = 0;
  readonly #answer: Answer;
  #error: Error | undefined;
  #ended = false;
  #wake: () => void = () => undefined;
  readonly source: AsyncIterable<Frame> = { [Symbol.asyncIterator]: () => this.#read() };

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  async *#read(): AsyncGenerator<Frame> {
    for (;;) {
      if (this.#taken < this.#frames.length) yield this.#frames[this.#taken++];
      else if (this.#error !== undefined) throw this.#error;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  readonly sink = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const frame of source) await this.send(frame);
  };

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    this.#answer(ContentRequest.decode(bytes), this);
  }

  /** Sends a frame to the fetcher. */
  push(kind: number, request: number, bytes = 5): void {
    const frame = new Uint8Array(bytes);
    writeFrameHeader(frame, kind, request);
    this.#frames.push(frame);
    this.heardAt = performance.now();
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async close(): Promise<void> {}

  abort(error: Error): void {
    this.#error ??= error;
    this.#closed.abort(error);
    this.#wake();
  }
}

function fetcherOf(answer: Answer, opened: () => Promise<void> = async () => undefined, silenceMs?: number) {
  const channels: FakeChannel[] = [];
  const mesh = {
    async open() {
      await opened();
      channels.push(new FakeChannel(answer));
      return channels.at(-1);
    },
  } as unknown as Mesh;
  const clock = { now: () => Date.now(), elapsed: () => performance.now() };
  const round = { root: "www", epoch: 1, sequence: 1, term: 1 };
  const limiter = new RateLimiter(clock, Number.POSITIVE_INFINITY);
  const silence = silenceMs === undefined ? {} : { silenceMs };
  return { channels, fetcher: new ContentFetcher({ mesh, peer: "master", round, download: limiter, ...silence }) };
}

const within = async <T>(promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("nothing came of it")), 3000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

const UNIT = { index: 0, offset: 0 };
const ASKED = { statement: 1, unit: UNIT, ranges: [{ ...UNIT, length: 10 }], bytes: 10, fresh: false };
const nothing = async (): Promise<void> => undefined;

test("what is asked for after the channel broke goes over a new one", async (t) => {
  const { channels, fetcher } = fetcherOf((request, channel) => {
    if (channels.length === 1) channel.abort(new LockstepError("LOCKSTEP_PEER_GONE", "the stream broke"));
    else channel.push(CONTENT_FRAME.end, request.id);
  });
  await t.throwsAsync(within(fetcher.fetch(ASKED, nothing).ended), { code: "LOCKSTEP_PEER_GONE" });
  await t.notThrowsAsync(within(fetcher.fetch(ASKED, nothing).ended));
  await t.notThrowsAsync(within(fetcher.list(1, { chunkIndex: 0 })));
  t.is(channels.length, 2);
  fetcher.stop();
});

test("a round that ends while the channel is opened ends what was asked for", async (t) => {
  let open: () => void = () => undefined;
  const { channels, fetcher } = fetcherOf(nothing, () => new Promise((resolve) => (open = resolve)));
  const fetched = fetcher.fetch(ASKED, nothing).ended;
  fetcher.stop();
  open();
  await t.throwsAsync(within(fetched), { code: "LOCKSTEP_ABORTED" });
  t.true(channels[0].closed.aborted);
});

for (const [what, frames, bytes] of [
  ["a list of frames without end is refused, though they hold nothing", 200_000, 5],
  ["a list that is longer than one of any file is refused", 41, 1 << 20],
] as const) {
  test(what, async (t) => {
    const { fetcher } = fetcherOf((request, channel) => {
      for (let i = 0; i < frames; i++) channel.push(CONTENT_FRAME.list, request.id, bytes);
      channel.push(CONTENT_FRAME.end, request.id);
    });
    const parts = fetcher.list(1, { chunkIndex: 0 }).then(({ length }) => length);
    await t.throwsAsync(parts, { code: "LOCKSTEP_TOO_LARGE" });
    fetcher.stop();
  });
}

test("a host that falls silent is given up, and one that is only slow is not", async (t) => {
  const silent = fetcherOf(nothing, undefined, 200);
  await t.throwsAsync(within(silent.fetcher.fetch(ASKED, nothing).ended), { code: "LOCKSTEP_PEER_GONE" });
  silent.fetcher.stop();

  const slow = fetcherOf(
    (request, channel) => {
      const beats = setInterval(() => channel.push(CONTENT_FRAME.alive, 0), 50);
      setTimeout(() => {
        clearInterval(beats);
        channel.push(CONTENT_FRAME.end, request.id);
      }, 1000);
    },
    undefined,
    200,
  );
  await t.notThrowsAsync(within(slow.fetcher.fetch(ASKED, nothing).ended));
  slow.fetcher.stop();
});
