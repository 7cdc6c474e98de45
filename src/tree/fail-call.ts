import { createRequire } from "node:module";
import { constants } from "node:os";
import type Koffi from "koffi";
import { SystemError } from "./system-calls.ts";

const require = createRequire(import.meta.url);
const ERRNO_NAMES = new Map<number, string>();
for (const [name, value] of Object.entries(constants.errno)) if (!ERRNO_NAMES.has(value)) ERRNO_NAMES.set(value, name);

/**
 * Throws what this thread's last system call has failed with, by errno(3).
 *
 * @param call its name
 * @throws SystemError
 */
export function failCall(call: string): never {
  // It is there, as the call was made through it.
  const errno = (require("koffi") as typeof Koffi).errno();
  throw new SystemError(ERRNO_NAMES.get(errno) ?? `E${errno}`, call);
}
