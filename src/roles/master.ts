import { decodeRanges } from "../model/content-ranges.ts";
import { LockstepError } from "../model/errors.ts";
import type { OrdinalRanges } from "../model/ordinals.ts";
import { type RoundId, sameRound } from "../model/order.ts";
import type { BytePath } from "../model/path.ts";
import type { Problem } from "../model/problem.ts";
import { encodeStatement, type StatedEntry } from "../model/statement.ts";
import { SUITE } from "../model/suite.ts";
import { pipe } from "it-pipe";
import type { Channel, Frame, Signer } from "../ports/mesh.ts";
import type { ReadRange, Tree, TreeRound } from "../ports/tree.ts";
import { decodeMessage, decodeRoundId } from "../wire/codec.ts";
import { CONTENT_FRAME, writeFrameHeader } from "../wire/content-frame.ts";
import { LIMITS } from "../wire/limits.ts";
import { ContentRequest } from "../wire/messages.ts";
import type { ActiveRounds } from "./participant.ts";

/** What the master of a round does besides listing: it signs what is, and serves the content. */
export class MasterDuty {
  readonly #id: RoundId;
  readonly #round: TreeRound;
  readonly #signer: Signer;
  readonly #stated = new Map<number, readonly StatedEntry[]>();
  #nextNumber = 1;

  constructor(id: RoundId, round: TreeRound, signer: Signer) {
    this.#id = id;
    this.#round = round;
    this.#signer = signer;
  }

  /** A signed statement of what these entries are now, and which of these paths are absent. */
  async state(
    ordinals: OrdinalRanges,
    absentPaths: readonly BytePath[],
  ): Promise<{ statement: Uint8Array; problems: Problem[] }> {
    const { stated, problems } = await this.#round.state(ordinals);
    const absent = absentPaths.length === 0 ? [] : await this.#round.absent(absentPaths);
    const number = this.#nextNumber++;
    this.#stated.set(number, stated);
    const bytes = encodeStatement({ round: this.#id, number, suite: SUITE.id, stated, absent });
    return { statement: await this.#signer.seal("lockstep-block-statement", bytes), problems };
  }

  /** Where the content of these ranges of a statement lies. */
  locate(number: number, ranges: ReturnType<typeof decodeRanges>): ReadRange[] {
    const stated = this.#stated.get(number);
    if (stated === undefined) throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "no such statement in this round");
    return ranges.map(({ index, offset, length }) => {
      const entry = stated[index]?.entry;
      if (entry === undefined || offset + length > entry.size) {
        throw new LockstepError("LOCKSTEP_MALFORMED", "asked for content that was not stated");
      }
      return { index, path: entry.path, size: entry.size, offset, length };
    });
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
): Promise<void> {
  async function* answer(requests: AsyncIterable<Frame>): AsyncGenerator<Uint8Array> {
    for await (const frame of requests) {
      const request = decodeMessage((bytes) => ContentRequest.decode(bytes), frame);
      const id = decodeRoundId(request.round);
      const active = rounds.get(id.root);
      const tree = trees.get(id.root);
      const serves = active?.master !== undefined && sameRound(active.id, id) && active.assignment.remotes.includes(channel.peer);
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
