import { createHash } from "node:crypto";
import type { RoleAssignment } from "../model/role.ts";

/** Who is what for one root. */
export type Roles = Pick<RoleAssignment, "root" | "master" | "comparison" | "remotes">;

/** SHA-256, in hex, of who is what: tells whether a fleet file says what is in force. */
export function rolesDigest({ root, master, comparison, remotes }: Roles): string {
  const roles = JSON.stringify([root, master, comparison, [...remotes].sort()]);
  return createHash("sha256").update(roles).digest("hex");
}
