import { multiaddr } from "@multiformats/multiaddr";

/** True for a multiaddr that this version of libp2p can read. */
export function isMultiaddr(text: string): boolean {
  try {
    multiaddr(text);
    return true;
  } catch {
    return false;
  }
}
