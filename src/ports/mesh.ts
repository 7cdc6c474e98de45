import type { HostAddress, PeerId } from "../model/role.ts";

/** One frame: a whole message, owned by whoever receives it. */
export type Frame = Uint8Array<ArrayBuffer>;

/**
 * A two-way stream of frames to one peer, with flow control both ways:
 *
 * - `send` resolves when the transport can take more;
 * - a receiver that is behind by more than the protocol's window is a fault of the sender (it had
 *   no credit for that much) and ends the channel with `LOCKSTEP_PEER_FLOODED`.
 *
 * Frames arrive whole, in order, once. Not guaranteed: that a frame sent was received; only an
 * answer says so.
 */
export interface Channel {
  readonly peer: PeerId;
  readonly source: AsyncIterable<Frame>;
  /** Sends everything of the source, then closes the writing side: the sink of an it-pipe. */
  readonly sink: (source: AsyncIterable<Uint8Array>) => Promise<void>;
  send(frame: Uint8Array): Promise<void>;
  /** Ends the writing side once everything is sent. */
  close(): Promise<void>;
  abort(error: Error): void;
  /** When the last bytes came, in milliseconds of `performance.now()`; 0 before the first. */
  readonly heardAt: number;
  /** Aborted when the channel is gone, for whatever reason. */
  readonly closed: AbortSignal;
}

/** A protocol: who may speak it, and how much may be on its way. */
export interface Protocol {
  /** `/lockstep/<noun>/1.0.0` */
  readonly id: string;
  /** Largest frame in bytes; a larger one ends the channel. */
  readonly maxFrameBytes: number;
  /** Most bytes received and not yet taken; more ends the channel. */
  readonly windowBytes: number;
  /** Most streams of this protocol that one peer may have open. */
  readonly maxStreams: number;
  /** Spoken only with who is at the address that the fleet file names. */
  readonly onlyDialled?: boolean;
}

/** Whom this node lets in, decided by the assignments it keeps. */
export interface Admission {
  /** True for trusted control stations and peers named in a current assignment. */
  isKnown(peer: PeerId): boolean;
}

export interface Mesh {
  readonly self: PeerId;
  /** Multiaddrs with peer id, once started. */
  addresses(): string[];
  /** Makes peers dialable. */
  learn(hosts: readonly HostAddress[]): Promise<void>;
  /** Sees to a connection that later channels go over, when there is none yet. */
  connect(peer: PeerId, signal: AbortSignal): Promise<void>;
  /**
   * Opens a channel, dialling when there is no connection.
   *
   * @throws LockstepError `LOCKSTEP_HOST_UNREACHABLE`, `LOCKSTEP_WRONG_HOST`, or `LOCKSTEP_NOT_AUTHORISED` when the peer
   * does not speak the protocol with us
   */
  open(peer: PeerId, protocol: Protocol, signal: AbortSignal): Promise<Channel>;
  /** Answers channels of a protocol. `admit` is asked for each; a refusal resets the stream. */
  handle(protocol: Protocol, admit: (peer: PeerId) => boolean, handler: (channel: Channel) => Promise<void>): void;
}

/** Signs with this node's identity and checks the signatures of others. */
export interface Signer {
  readonly self: PeerId;
  /** Puts the payload into a signed envelope of the domain. */
  seal(domain: SignatureDomain, payload: Uint8Array): Promise<Uint8Array>;
  /**
   * @throws LockstepError `LOCKSTEP_BAD_SIGNATURE` for a broken envelope or one of another domain
   */
  open(domain: SignatureDomain, envelope: Uint8Array): Promise<{ signer: PeerId; payload: Uint8Array }>;
}

export type SignatureDomain =
  | "lockstep-role-assignment"
  | "lockstep-round-order"
  | "lockstep-list-root"
  | "lockstep-block-statement";
