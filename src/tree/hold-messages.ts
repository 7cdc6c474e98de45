/**
 * What the node and its hold process say to each other: one JSON document a line over stdin and stdout.
 * Names are byte strings, which JSON carries with newlines and bytes above 127 escaped or encoded.
 */

/**
 * One file: a directory descriptor of the node's, the path below it, and where its new version lies,
 * likewise. Arrays, as there are thousands in one message.
 */
export type HoldFileMessage =
  | readonly [directory: number, path: string]
  | readonly [directory: number, path: string, stagedDirectory: number, stagedPath: string];

export type HoldRequest =
  | { readonly type: "hold"; readonly id: string; readonly leaseMs: number; readonly files: readonly HoldFileMessage[] }
  | { readonly type: "release"; readonly id: string }
  | { readonly type: "ping" };

export interface HoldCounts {
  /** How long the hold lasted, in milliseconds. */
  readonly heldMs: number;
  /** Opens that had to wait. */
  readonly waiters: number;
  /** Of them, those that were given the new content in the place of an old version that they had reached. */
  readonly refreshed: number;
  /** Of them, those that were refused. */
  readonly denied: number;
}

export type HoldAnswer =
  | { readonly type: "ready" }
  | { readonly type: "unavailable"; readonly reason: string }
  | { readonly type: "held"; readonly id: string; readonly held: number }
  | { readonly type: "failed"; readonly id: string; readonly errno: string; readonly message: string }
  | ({ readonly type: "ended"; readonly id: string; readonly lapsed: boolean } & HoldCounts)
  | { readonly type: "pong" };
