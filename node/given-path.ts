import { LockstepError } from "../src/model/errors.ts";

/**
 * A path as somebody wrote it. Only a shell knows what `~` stands for, and not in `--data=~/x` nor in a file:
 * taken literally it would be a directory of that name.
 *
 * @throws LockstepError `LOCKSTEP_USAGE`
 */
export function givenPath(path: string): string {
  if (!/^~(\/|$)/.test(path)) return path;
  throw new LockstepError("LOCKSTEP_USAGE", `"${path}": nothing stands for ~ here; write the home directory out`);
}
