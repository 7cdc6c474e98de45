import "./with-resolvers.ts";
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey, Record } from "@libp2p/interface";
import { peerIdFromPrivateKey, peerIdFromPublicKey } from "@libp2p/peer-id";
import { RecordEnvelope } from "@libp2p/peer-record";
import { LockstepError } from "../model/errors.ts";
import type { SignatureDomain, Signer } from "../ports/mesh.ts";

const KEY_FILE = "identity.key";

export interface Identity extends Signer {
  readonly privateKey: PrivateKey;
}

/**
 * The Ed25519 identity of a state directory, made on first use; the file is 0600.
 *
 * @throws LockstepError `LOCKSTEP_STATE_UNUSABLE` when the directory or the key cannot be used
 */
export async function loadIdentity(directory: string): Promise<Identity> {
  const file = join(directory, KEY_FILE);
  let privateKey: PrivateKey;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (!existsSync(file)) await makeKey(file);
    // A key copied in with wider rights is narrowed before it is used.
    chmodSync(file, 0o600);
    privateKey = privateKeyFromProtobuf(readFileSync(file));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LockstepError("LOCKSTEP_STATE_UNUSABLE", `the identity in ${directory} cannot be used: ${why}`, {
      cause: error,
    });
  }
  const self = peerIdFromPrivateKey(privateKey).toString();
  return {
    self,
    privateKey,
    async seal(domain, payload) {
      const envelope = await RecordEnvelope.seal(asRecord(domain, payload), privateKey);
      return envelope.marshal();
    },
    async open(domain, bytes) {
      try {
        const envelope = await RecordEnvelope.openAndCertify(bytes, domain);
        return { signer: peerIdFromPublicKey(envelope.publicKey).toString(), payload: envelope.payload };
      } catch (error) {
        throw new LockstepError(
          "LOCKSTEP_BAD_SIGNATURE",
          `a signed message (${domain}) does not carry a valid signature`,
          {
            cause: error,
          },
        );
      }
    },
  };
}

/** Writes the key under another name first: of two processes that start at once, one key wins. */
async function makeKey(file: string): Promise<void> {
  const key = await generateKeyPair("Ed25519");
  const own = `${file}.${randomUUID()}`;
  try {
    writeFileSync(own, privateKeyToProtobuf(key), { mode: 0o600, flag: "wx", flush: true });
    linkSync(own, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function asRecord(domain: SignatureDomain, payload: Uint8Array): Record {
  return {
    domain,
    codec: new TextEncoder().encode(`/${domain}`),
    marshal: () => payload,
    equals: () => false,
  };
}
