import { Seeding } from "../compare/seeding.ts";
import type { decodeRanges } from "../model/content-ranges.ts";
import { sameDigest } from "../model/digest.ts";
import { isUnavailable, LockstepError } from "../model/errors.ts";
import type { RoundId, RoundOrder } from "../model/order.ts";
import type { OrdinalRanges } from "../model/ordinals.ts";
import type { BytePath } from "../model/path.ts";
import type { Problem } from "../model/problem.ts";
import { encodePackedStatement } from "../model/statement.ts";
import { SUITE } from "../model/suite.ts";
import type { Signer } from "../ports/mesh.ts";
import type { ContentReader, CurrentState, PackedChunkList, ReadRange, TreeRound } from "../ports/tree.ts";

/** Chunk lists kept between being stated and being asked for; beyond this they are made anew. */
const KEPT_LIST_BYTES = 32 * 1024 * 1024;

export interface MasterStatement {
  readonly statement: Uint8Array;
  readonly number: number;
  readonly problems: readonly Problem[];
  /** Why the files are not held, though the order says so. */
  readonly lack: LockstepError | undefined;
}

/** What the master of a round does besides listing: it signs what is, and serves the content. */
export class MasterDuty {
  readonly #id: RoundId;
  readonly #order: RoundOrder;
  readonly #round: TreeRound;
  readonly #signer: Signer;
  /** Whom it has given what. */
  readonly seeding = new Seeding();
  readonly #stated = new Map<number, Pick<CurrentState, "paths" | "sizes">>();
  /** Of every stated file that has a chunk list. */
  readonly #indexes = new Map<BytePath, Uint8Array>();
  readonly #lists = new Map<BytePath, PackedChunkList>();
  #listBytes = 0;
  #nextNumber = 1;

  constructor(id: RoundId, order: RoundOrder, round: TreeRound, signer: Signer) {
    this.#id = id;
    this.#order = order;
    this.#round = round;
    this.#signer = signer;
  }

  /**
   * A signed statement of what these entries are now, and which of these paths are absent.
   *
   * @param fetched those of the entries whose content some remote will fetch
   */
  async state(
    ordinals: OrdinalRanges,
    fetched: OrdinalRanges,
    absentPaths: readonly BytePath[],
  ): Promise<MasterStatement> {
    const number = this.#nextNumber++;
    const { refused, lack } = await this.#share(number, ordinals);
    try {
      const { stated, paths, sizes, problems, lists, fetchedBytes } = await this.#round.state(
        ordinals,
        fetched,
        refused,
      );
      const absent = absentPaths.length === 0 ? [] : await this.#round.absent(absentPaths);
      this.#stated.set(number, { paths, sizes });
      this.seeding.stated(fetchedBytes);
      for (const [path, list] of lists) this.#keep(path, list);
      const bytes = encodePackedStatement({ round: this.#id, number, suite: SUITE.id, stated, absent });
      return { statement: await this.#signer.seal("lockstep-block-statement", bytes), number, problems, lack };
    } catch (error) {
      // Nobody learns its number, so nobody would release it.
      await this.#round.unshare(number).catch(() => undefined);
      throw error;
    }
  }

  /** Keeps writers from the files before the first of them is read, where the order says so. */
  async #share(
    number: number,
    ordinals: OrdinalRanges,
  ): Promise<{ refused: readonly BytePath[]; lack: LockstepError | undefined }> {
    const { hold, holdFallback } = this.#order;
    if (hold === "none" || ordinals.length === 0) return { refused: [], lack: undefined };
    try {
      return { refused: await this.#round.share(number, ordinals), lack: undefined };
    } catch (error) {
      if (holdFallback !== "none" || !isUnavailable(error)) throw error;
      return { refused: [], lack: error };
    }
  }

  renew(): void {
    this.#round.renew();
  }

  /** Nobody needs the files of this statement any more. */
  release(number: number): Promise<void> {
    return this.#round.unshare(number);
  }

  /** Where the content of these ranges of a statement lies. */
  locate(number: number, ranges: ReturnType<typeof decodeRanges>): ReadRange[] {
    const stated = this.#stated.get(number);
    if (stated === undefined) throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "no such statement in this round");
    return ranges.map(({ index, offset, length }) => {
      const path = stated.paths[index];
      const size = stated.sizes[index];
      if (path === undefined || offset + length > size) {
        throw new LockstepError("LOCKSTEP_MALFORMED", "asked for content that was not stated");
      }
      return { index, path, size, offset, length };
    });
  }

  #keep(path: BytePath, list: PackedChunkList): void {
    const previous = this.#lists.get(path);
    if (previous !== undefined) this.#drop(path, previous);
    this.#indexes.set(path, list.index);
    this.#lists.set(path, list);
    this.#listBytes += bytesOf(list);
    for (const [oldest, other] of this.#lists) {
      if (this.#listBytes <= KEPT_LIST_BYTES || oldest === path) break;
      this.#drop(oldest, other);
    }
  }

  #drop(path: BytePath, list: PackedChunkList): void {
    this.#lists.delete(path);
    this.#listBytes -= bytesOf(list);
  }

  /** The chunk list of a stated path; undefined when it has to be made anew and the file has changed. */
  async chunkList(number: number, index: number, content: ContentReader): Promise<PackedChunkList | undefined> {
    const [{ path, size }] = this.locate(number, [{ index, offset: 0, length: 0 }]);
    const kept = this.#lists.get(path);
    if (kept !== undefined) return kept;
    const stated = this.#indexes.get(path);
    if (stated === undefined)
      throw new LockstepError("LOCKSTEP_MALFORMED", "asked for a chunk list that was not stated");
    const anew = await content.chunkList(path, size);
    if (anew === undefined || !sameDigest(anew.index, stated)) return undefined;
    this.#keep(path, anew);
    return anew;
  }
}

function bytesOf({ batches }: PackedChunkList): number {
  return batches.reduce((sum, batch) => sum + batch.length, 0);
}
