/** Caps on what one message may hold. A message over a cap is refused, whoever sent it. */
export const LIMITS = {
  /** Hosts in one assignment. */
  hosts: 20_000,
  addressesPerHost: 16,
  /** Bytes of a signed assignment: some 17,000 hosts. It travels whole, also beside an order. */
  assignmentBytes: 4 * 1024 * 1024 - 64 * 1024,
  patterns: 1000,
  patternLength: 4096,
  nodesPerRequest: 4096,
  batchesPerRequest: 128,
  /** Bytes of batches in one part of an answer. */
  batchBytesPerPart: 1024 * 1024,
  groupsPerRequest: 4096,
  entriesPerGroup: 65_536,
  lookupsPerRequest: 2048,
  rangesPerRequest: 65_536,
  problemsPerMessage: 10_000,
  problemBytesPerMessage: 1024 * 1024,
  /** Bytes of entries in one part of an answer to a lookup. */
  lookupBytesPerPart: 1024 * 1024,
  /** Bytes of the report that the control station gets, in one message. */
  reportBytes: 3 * 1024 * 1024,
  /** Bytes of a report that hosts keep. */
  keptReportBytes: 1024 * 1024,
  /** Bytes of the kept reports, of all roots, in the answer that says how a host is. */
  statusReportBytes: 3 * 1024 * 1024,
  /** Bytes of content that one request may ask for. */
  contentBytesPerRequest: 4 * 1024 * 1024,
  /** Units that one frame announces. */
  unitsPerFrame: 16_384,
  /** Statements whose units a peer may have announced at the same time. */
  followedStatements: 65_536,
  /** Remotes that one remote fetches from. */
  neighbours: 64,
  /** Requests of one channel that are waited for. */
  contentRequests: 1024,
  /** Channels over which a peer asks for content of one round: one, and those whose end has not been noticed. */
  contentChannels: 4,
  /** Bytes of a statement, unpacked. */
  statementBytes: 4 * 1024 * 1024,
  /** Batches of a chunk list that one request may ask for. */
  chunkBatchesPerRequest: 64,
  /** Bytes of the answer to a request for a list, in all its frames: the index of some 50 TB. */
  listBytes: 40 * 1024 * 1024,
} as const;
