import type { decodeRanges } from "../model/content-ranges.ts";
import { LockstepError } from "../model/errors.ts";
import type { RoundId } from "../model/order.ts";
import type { OrdinalRanges } from "../model/ordinals.ts";
import type { BytePath } from "../model/path.ts";
import type { Problem } from "../model/problem.ts";
import { encodePackedStatement } from "../model/statement.ts";
import { SUITE } from "../model/suite.ts";
import type { Signer } from "../ports/mesh.ts";
import type { CurrentState, ReadRange, TreeRound } from "../ports/tree.ts";

/** What the master of a round does besides listing: it signs what is, and serves the content. */
export class MasterDuty {
  readonly #id: RoundId;
  readonly #round: TreeRound;
  readonly #signer: Signer;
  readonly #stated = new Map<number, Pick<CurrentState, "paths" | "sizes">>();
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
  ): Promise<{ statement: Uint8Array; problems: readonly Problem[] }> {
    const { stated, paths, sizes, problems } = await this.#round.state(ordinals);
    const absent = absentPaths.length === 0 ? [] : await this.#round.absent(absentPaths);
    const number = this.#nextNumber++;
    this.#stated.set(number, { paths, sizes });
    const bytes = encodePackedStatement({ round: this.#id, number, suite: SUITE.id, stated, absent });
    return { statement: await this.#signer.seal("lockstep-block-statement", bytes), problems };
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
}
