import type { OrdinalRanges } from "../model/ordinals.ts";
import type { BytePath } from "../model/path.ts";
import { persist, type RoundCall, type Shared } from "./held-commit.ts";

/** How long files stay held when whoever asked for it does not renew it. */
const LEASE_MS = 30_000;

/** What a master holds for its round: each group until it is released, or its lease ends. */
export class SharedHolds {
  readonly #call: RoundCall;
  readonly #leaseMs: number;
  readonly #leases = new Map<number, NodeJS.Timeout>();
  readonly #files = new Map<number, number>();

  constructor(call: RoundCall, leaseMs: number = LEASE_MS) {
    this.#call = call;
    this.#leaseMs = leaseMs;
  }

  async share(id: number, ordinals: OrdinalRanges): Promise<readonly BytePath[]> {
    const { refused, files } = await persist((isLast) => this.#call<Shared>("share", id, ordinals, isLast));
    this.#files.set(id, files);
    const lease = setTimeout(() => void this.unshare(id).catch(() => undefined), this.#leaseMs);
    lease.unref();
    this.#leases.set(id, lease);
    return refused;
  }

  /** Files that are held now. */
  get held(): number {
    let held = 0;
    for (const files of this.#files.values()) held += files;
    return held;
  }

  renew(): void {
    for (const lease of this.#leases.values()) lease.refresh();
  }

  async unshare(id: number): Promise<void> {
    clearTimeout(this.#leases.get(id));
    this.#files.delete(id);
    if (this.#leases.delete(id)) await this.#call("unshare", id);
  }

  /** The worker lets go of everything when the round is closed. */
  close(): void {
    for (const lease of this.#leases.values()) clearTimeout(lease);
    this.#leases.clear();
    this.#files.clear();
  }
}
