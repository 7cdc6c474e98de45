import { pipe } from "it-pipe";
import { decodeRanges } from "../model/content-ranges.ts";
import { LockstepError } from "../model/errors.ts";
import { sameRound } from "../model/order.ts";
import type { Clock } from "../ports/clock.ts";
import type { Channel, Frame } from "../ports/mesh.ts";
import type { Tree } from "../ports/tree.ts";
import { decodeMessage, decodeRoundId } from "../wire/codec.ts";
import { aliveFrame, CONTENT_FRAME, listFrames, writeFrameHeader } from "../wire/content-frame.ts";
import { LIMITS } from "../wire/limits.ts";
import { beat } from "../wire/liveness.ts";
import { ContentRequest } from "../wire/messages.ts";
import type { ActiveRounds } from "./active-rounds.ts";
import { LinkRate } from "./link-rate.ts";
import type { MasterDuty } from "./master.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** Requests whose content is read while that of an earlier one is sent. */
const READ_AHEAD = 2;

type Frames = readonly Uint8Array<ArrayBuffer>[];

/** Results in the order of the items, with the work on the next ones begun. */
async function* ahead<T, R>(items: AsyncIterable<T>, count: number, begin: (item: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  const iterator = items[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<T>> | undefined = iterator.next();
  while (next !== undefined || begun.length > 0) {
    // Whichever comes first: another item, as long as there is room, or the oldest result.
    const room = next !== undefined && begun.length < count;
    const first = begun[0];
    const item = room
      ? await Promise.race([
          next as Promise<IteratorResult<T>>,
          ...(first === undefined ? [] : [first.then(() => undefined)]),
        ])
      : undefined;
    if (item === undefined) {
      begun.shift();
      yield await (first as Promise<R>);
      continue;
    }
    if (item.done === true) {
      next = undefined;
      continue;
    }
    const work = begin(item.value);
    // It may fail while another one is waited for.
    work.catch(() => undefined);
    begun.push(work);
    next = iterator.next();
    next.catch(() => undefined);
  }
}

/**
 * Serves content to remotes of the round under way, as a pipeline from the peer's requests to the
 * channel. A request is bounded in bytes and a remote has only so many under way, so the channel
 * never holds more than the remote has room for.
 */
export async function serveContent(
  channel: Channel,
  rounds: ActiveRounds,
  trees: ReadonlyMap<string, Tree>,
  { upload, clock }: { readonly upload: RateLimiter; readonly clock: Clock },
): Promise<void> {
  const link = new LinkRate(clock);
  const answer = async (frame: Frame): Promise<Frames> => {
    const request = decodeMessage((bytes) => ContentRequest.decode(bytes), frame);
    const id = decodeRoundId(request.round);
    const active = rounds.get(id.root);
    const tree = trees.get(id.root);
    const serves =
      active?.master !== undefined && sameRound(active.id, id) && active.assignment.remotes.includes(channel.peer);
    if (active?.master === undefined || tree === undefined || !serves) {
      throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", "asked for content of a round that is not under way");
    }
    const end = new Uint8Array(5);
    const frames = [
      ...(await framesOf(request, active.master, tree, active.order.compress && link.compressionPays)),
      end,
    ];
    for (const each of frames) writeFrameHeader(each, each === end ? CONTENT_FRAME.end : each[0], request.id);
    return frames;
  };
  async function* paced(answers: AsyncIterable<Frames>): AsyncGenerator<Uint8Array> {
    for await (const frames of answers) {
      for (const frame of frames) yield* link.sent(frame, () => upload.take(frame.length, channel.closed));
    }
  }
  const stop = beat(channel, aliveFrame);
  try {
    await pipe(channel.source, (requests) => ahead(requests, READ_AHEAD, answer), paced, channel.sink);
  } finally {
    stop();
  }
}

/** Frames of an answer; none when the file is no longer what was stated. */
async function framesOf(request: ContentRequest, master: MasterDuty, tree: Tree, compress: boolean): Promise<Frames> {
  const { statement, chunkIndex, chunkBatches, fragments } = request;
  if (chunkIndex !== undefined) {
    const list = await master.chunkList(statement, chunkIndex, tree.content);
    return list === undefined ? [] : listFrames([list.index]);
  }
  if (chunkBatches !== undefined) {
    const { index, first, count } = chunkBatches;
    const list = await master.chunkList(statement, index, tree.content);
    if (list === undefined) return [];
    const { batches } = list;
    if (count > LIMITS.chunkBatchesPerRequest || first + count > batches.length) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "asked for more of a chunk list than there is");
    }
    return batches.slice(first, first + count).flatMap((batch) => listFrames([batch]));
  }
  if (fragments !== undefined) {
    const { index, offset, length } = fragments;
    if (length > LIMITS.contentBytesPerRequest) throw tooMuch();
    const [range] = master.locate(statement, [{ index, offset, length }]);
    const packed = await tree.content.fragments(range);
    return packed === undefined ? [] : listFrames([packed]);
  }
  const ranges = master.locate(statement, decodeRanges(request.ranges, LIMITS.rangesPerRequest));
  if (ranges.reduce((sum, range) => sum + range.length, 0) > LIMITS.contentBytesPerRequest) throw tooMuch();
  return tree.content.read(ranges, compress);
}

function tooMuch(): LockstepError {
  return new LockstepError("LOCKSTEP_TOO_LARGE", "asked for too much content at once");
}
