/** The fetcher over channels that break, against a master that this test plays. */
import test from "ava";
import { LockstepError } from "../../src/model/errors.ts";
import type { Mesh } from "../../src/ports/mesh.ts";
import { ContentFetcher } from "../../src/roles/content-fetcher.ts";
import { RateLimiter } from "../../src/roles/rate-limiter.ts";
import { CONTENT_FRAME } from "../../src/wire/content-frame.ts";
import type { ContentRequest } from "../../src/wire/messages.ts";
import { type Answer, FakeChannel } from "../fixtures/fake-channel.ts";

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
  await t.throwsAsync(within(fetcher.fetch(ASKED, nothing).ended), {
    code: "LOCKSTEP_PEER_GONE",
    message: "master, which serves content, is gone: the stream broke",
  });
  await t.notThrowsAsync(within(fetcher.fetch(ASKED, nothing).ended));
  await t.notThrowsAsync(within(fetcher.list(1, { chunkIndex: 0 })));
  t.is(channels.length, 2);
  fetcher.stop();
});

test("lists are asked for in order, and before content that waits", async (t) => {
  const asked: string[] = [];
  let open: () => void = () => undefined;
  const answer: Answer = ({ id, chunkIndex }, channel) => {
    asked.push(chunkIndex === undefined ? "content" : `list ${chunkIndex}`);
    channel.push(CONTENT_FRAME.end, id);
  };
  const { fetcher } = fetcherOf(answer, () => new Promise((resolve) => (open = resolve)));
  const content = [fetcher.fetch(ASKED, nothing).ended, fetcher.fetch(ASKED, nothing).ended];
  const lists = [1, 2, 3].map((chunkIndex) => fetcher.list(1, { chunkIndex }));
  open();
  await within(Promise.all([...content, ...lists]));
  t.deepEqual(asked, ["list 1", "list 2", "list 3", "content", "content"]);
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

test("an answer of frames without end is refused, though they hold nothing", async (t) => {
  const { fetcher } = fetcherOf((request, channel) => {
    for (let i = 0; i < 10_000; i++) channel.push(CONTENT_FRAME.data, request.id);
  });
  await t.throwsAsync(within(fetcher.fetch(ASKED, nothing).ended), { code: "LOCKSTEP_TOO_LARGE" });
  fetcher.stop();
});

test("that an answer begins is told, and handed on as nothing else", async (t) => {
  const { fetcher } = fetcherOf((request, channel) => {
    channel.push(CONTENT_FRAME.data, request.id, 5);
    channel.push(CONTENT_FRAME.data, request.id, 25);
    channel.push(CONTENT_FRAME.end, request.id);
  });
  const seen: string[] = [];
  const take = async (frame: Uint8Array): Promise<void> => void seen.push(`${frame.length - 5}`);
  await within(fetcher.fetch(ASKED, take, () => seen.push("begun")).ended);
  t.deepEqual(seen, ["begun", "20"]);
  fetcher.stop();
});

test("what is elsewhere ends so, and a list or another request's frames in its place are refused", async (t) => {
  const { fetcher } = fetcherOf((request, channel) => {
    channel.push(CONTENT_FRAME.elsewhere, request.id);
    channel.push(CONTENT_FRAME.end, request.id);
  });
  t.is(await within(fetcher.fetch(ASKED, nothing).ended), "elsewhere");
  fetcher.stop();
  for (const [kind, id] of [
    [CONTENT_FRAME.list, 0],
    [CONTENT_FRAME.data, 1],
    [CONTENT_FRAME.end, 1],
    [CONTENT_FRAME.have, 0],
    [99, 0],
  ]) {
    const { fetcher: other } = fetcherOf((request, channel) => channel.push(kind, request.id + id, 20));
    await t.throwsAsync(within(other.fetch(ASKED, nothing).ended), { code: "LOCKSTEP_MALFORMED" });
    other.stop();
  }
});

test("of a cancelled request nothing more is handed on, and its room is there again", async (t) => {
  const asked: ContentRequest[] = [];
  const { channels, fetcher } = fetcherOf((request) => void asked.push(request));
  const big = { ...ASKED, bytes: 8 << 20, ranges: [{ ...UNIT, length: 8 << 20 }] };
  const taken: number[] = [];
  const first = fetcher.fetch(big, async (frame) => void taken.push(frame.length));
  const second = fetcher.fetch(ASKED, nothing);
  const waits = fetcher.fetch(ASKED, nothing);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(asked.length, 1, "there is no room for more");
  waits.cancel();
  await within(waits.ended);
  first.cancel();
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(asked[1]?.cancel, asked[0].id);
  channels[0].push(CONTENT_FRAME.data, asked[0].id, 100);
  channels[0].push(CONTENT_FRAME.end, asked[0].id);
  await within(first.ended);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual(taken, []);
  t.is(asked.length, 3);
  channels[0].push(CONTENT_FRAME.end, asked[2].id);
  t.is(await within(second.ended), "sent");
  fetcher.stop();
});
