import { createHash } from "node:crypto";
import type { RoleAssignment } from "../model/role.ts";

/** SHA-256, in hex, of who is what: tells whether a fleet file says what is in force. */
export function rolesDigest({
  root,
  master,
  comparison,
  remotes,
}: Pick<RoleAssignment, "root" | "master" | "comparison" | "remotes">): string {
  const roles = JSON.stringify([root, master, comparison, [...remotes].sort()]);
  return createHash("sha256").update(roles).digest("hex");
}
