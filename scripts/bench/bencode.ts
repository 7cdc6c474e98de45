/** Bencoding (BEP 3): torrents and what trackers answer. */
export type Bencodable = number | string | Buffer | readonly Bencodable[] | { readonly [key: string]: Bencodable };

export function bencode(value: Bencodable): Buffer {
  if (typeof value === "number") return Buffer.from(`i${value}e`);
  if (typeof value === "string") return bencode(Buffer.from(value, "utf8"));
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  if (Array.isArray(value)) return Buffer.concat([Buffer.from("l"), ...value.map(bencode), Buffer.from("e")]);
  // Keys must be in order; ours are ASCII.
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = pairs.flatMap(([key, each]) => [bencode(key), bencode(each)]);
  return Buffer.concat([Buffer.from("d"), ...parts, Buffer.from("e")]);
}
