import type { ErrorCode } from "./errors.ts";
import type { BytePath } from "./path.ts";

/** A failure of one path: a value in the report, never an exception. */
export interface Problem {
  readonly path: BytePath;
  readonly code: ErrorCode;
  readonly message: string;
}
