import type { Protocol } from "../ports/mesh.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A host passes a signed assignment on; the sender need not be known, as the signature says whether it counts. */
export const ASSIGN: Protocol = {
  id: "/lockstep/assign/1.0.0",
  maxFrameBytes: 4 * MIB,
  windowBytes: 4 * MIB + 64 * KIB,
  maxStreams: 2,
  onlyDialled: true,
};

/** A control station's commands to a host, and their events. */
export const CONTROL: Protocol = {
  id: "/lockstep/control/1.0.0",
  maxFrameBytes: 4 * MIB,
  windowBytes: 16 * MIB,
  maxStreams: 8,
  onlyDialled: true,
};

/** One round between the comparison server and one participant. */
export const ROUND: Protocol = {
  id: "/lockstep/round/1.0.0",
  maxFrameBytes: 4 * MIB,
  windowBytes: 64 * MIB,
  maxStreams: 16,
  onlyDialled: true,
};

/** Content for remotes. The window is what a remote may ask for and not yet have taken. */
export const CONTENT: Protocol = {
  id: "/lockstep/content/1.0.0",
  // A chunk of the longest, with its headers.
  maxFrameBytes: 2 * MIB + KIB,
  windowBytes: 24 * MIB,
  maxStreams: 16,
};
