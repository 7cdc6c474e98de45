/** Names of a bracket expression's classes (gitignore(5), fnmatch(3)); with another name a pattern matches nothing. */
const CLASS_NAMES = "alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit";
const MEMBER = `\\\\.|\\[:(?:${CLASS_NAMES}):\\]|\\[(?!:[^\\]]*:\\])`;
/** Every backslash is followed by what it escapes, every bracket expression ends; a `]` in front is a member. */
const WHOLE = new RegExp(
  `^(?:\\\\.|[^[\\\\]|\\[(?:[!^]|(?![!^]))(?:${MEMBER}|[^[\\\\])(?:${MEMBER}|[^[\\]\\\\])*\\])*$`,
  "s",
);

/**
 * Says why a pattern of a class can never match a path, so that a slip of the pen is told and does not pass for
 * a group of files that is in step.
 *
 * @returns undefined for a pattern that may match
 */
export function patternMistake(pattern: string): string | undefined {
  const bare = pattern.replace(/^!/, "");
  if (/^\s*\/?\s*$/.test(bare)) return "is empty";
  if (pattern.startsWith("#")) return "is a comment; write \\# for a name that begins so";
  if (bare.split("/").some((name) => name === "." || name === "..")) {
    return "has . or .. in it; paths are relative to the root and have neither";
  }
  if (!WHOLE.test(bare.replace(/\/$/, ""))) return "has a bracket without its end, or ends with a lone backslash";
  return undefined;
}
