import { pipe } from "it-pipe";
import { decodeRanges } from "../model/content-ranges.ts";
import { LockstepError } from "../model/errors.ts";
import { sameRound } from "../model/order.ts";
import type { Channel, Frame } from "../ports/mesh.ts";
import type { Tree } from "../ports/tree.ts";
import { decodeMessage, decodeRoundId } from "../wire/codec.ts";
import { CONTENT_FRAME, writeFrameHeader } from "../wire/content-frame.ts";
import { LIMITS } from "../wire/limits.ts";
import { ContentRequest } from "../wire/messages.ts";
import type { ActiveRounds } from "./active-rounds.ts";

/**
 * Serves content to remotes of the round under way, as a pipeline from the peer's requests to the
 * channel. A request is bounded in bytes and a remote has only so many under way, so the channel
 * never holds more than the remote has room for.
 */
export async function serveContent(
  channel: Channel,
  rounds: ActiveRounds,
  trees: ReadonlyMap<string, Tree>,
): Promise<void> {
  async function* answer(requests: AsyncIterable<Frame>): AsyncGenerator<Uint8Array> {
    for await (const frame of requests) {
      const request = decodeMessage((bytes) => ContentRequest.decode(bytes), frame);
      const id = decodeRoundId(request.round);
      const active = rounds.get(id.root);
      const tree = trees.get(id.root);
      const serves =
        active?.master !== undefined && sameRound(active.id, id) && active.assignment.remotes.includes(channel.peer);
      if (active?.master === undefined || tree === undefined || !serves) {
        throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", "asked for content of a round that is not under way");
      }
      const ranges = active.master.locate(request.statement, decodeRanges(request.ranges, LIMITS.rangesPerRequest));
      if (ranges.reduce((sum, range) => sum + range.length, 0) > LIMITS.contentBytesPerRequest) {
        throw new LockstepError("LOCKSTEP_TOO_LARGE", "asked for too much content at once");
      }
      for await (const content of tree.content.read(ranges, channel.closed)) {
        writeFrameHeader(content, CONTENT_FRAME.data, request.id);
        yield content;
      }
      const end = new Uint8Array(5);
      writeFrameHeader(end, CONTENT_FRAME.end, request.id);
      yield end;
    }
  }
  await pipe(channel.source, answer, channel.sink);
}
