import { LockstepError } from "./errors.ts";

/**
 * A path relative to a root, as bytes: every UTF-16 unit of the string is one byte (0–255), names
 * separated by "/". The root itself is the empty string. Names on Linux are bytes, not text, and a
 * one-byte string keeps them exactly, compares fast and can be a map key.
 */
export type BytePath = string;

/** Longest path in bytes; PATH_MAX of Linux less the terminating NUL (limits.h). */
export const MAX_PATH_BYTES = 4095;
/** Longest name in bytes; NAME_MAX of Linux (limits.h). */
export const MAX_NAME_BYTES = 255;
/** The staging directory at the top of a root: reserved, never listed, never synced. */
export const RESERVED_NAME = ".lockstep";

const SLASH = 47;

/**
 * Orders paths depth first: component by component, each by its bytes, so `a/b` comes before `a-b`.
 * No name holds a NUL, so "/" may stand for the lowest byte.
 */
export function comparePaths(a: BytePath, b: BytePath): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return (x === SLASH ? 0 : x) - (y === SLASH ? 0 : y);
  }
  return a.length - b.length;
}

/** Path of the directory that holds `path`; the root's own parent is the root. */
export function parentPath(path: BytePath): BytePath {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

export function baseName(path: BytePath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function joinPath(directory: BytePath, name: string): BytePath {
  return directory === "" ? name : `${directory}/${name}`;
}

/** True when `path` is `ancestor` or lies below it. */
export function isWithin(path: BytePath, ancestor: BytePath): boolean {
  if (ancestor === "") return true;
  if (!path.startsWith(ancestor)) return false;
  return path.length === ancestor.length || path.charCodeAt(ancestor.length) === SLASH;
}

/** All directories above `path`, topmost first, without the root. */
export function ancestorPaths(path: BytePath): BytePath[] {
  const ancestors: BytePath[] = [];
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    ancestors.push(path.slice(0, slash));
  }
  return ancestors;
}

function pathFault(path: BytePath, checked: number): string | undefined {
  if (path === "") return undefined;
  if (path.length > MAX_PATH_BYTES) return "longer than 4095 bytes";
  let start = checked === 0 ? 0 : path.lastIndexOf("/", checked - 1) + 1;
  for (let i = start; i <= path.length; i++) {
    const unit = i === path.length ? SLASH : path.charCodeAt(i);
    if (unit === 0) return "holds a NUL";
    if (unit > 255) return "not a byte string";
    if (unit !== SLASH) continue;
    const length = i - start;
    if (length === 0) return "absolute, or with an empty component";
    if (length > MAX_NAME_BYTES) return "a component is longer than 255 bytes";
    if (length <= 2 && path.charCodeAt(start) === 46 && path.charCodeAt(i - 1) === 46) {
      return 'a component is "." or ".."';
    }
    start = i + 1;
  }
  if (isWithin(path, RESERVED_NAME)) return "within the reserved staging directory";
  return undefined;
}

/**
 * Accepts a path that came from a peer.
 *
 * @param checked bytes at its begin that are those of a path which was accepted
 * @throws LockstepError `LOCKSTEP_BAD_PATH` when it is absolute, leaves the root, or cannot exist
 */
export function checkPath(path: BytePath, checked = 0): BytePath {
  const fault = pathFault(path, checked);
  if (fault === undefined) return path;
  throw new LockstepError("LOCKSTEP_BAD_PATH", `refused a path from a peer: ${fault}`, {
    path: displayPath(path.slice(0, 200)),
  });
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a text, as a byte string. */
export function pathFromText(text: string): BytePath {
  return byteString(utf8Encoder.encode(text));
}

/** A byte string of these bytes. */
export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096) as unknown as number[]);
  }
  return text;
}

export function byteStringToBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Length in bytes of the well-formed UTF-8 sequence at `at`, or 0 (RFC 3629). */
function sequenceLength(path: BytePath, at: number): number {
  const lead = path.charCodeAt(at);
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length < 2) return length;
  try {
    utf8Decoder.decode(byteStringToBytes(path.slice(at, at + length)));
    return at + length <= path.length ? length : 0;
  } catch {
    return 0;
  }
}

function decode(path: BytePath, invalid: (byte: number) => string): string {
  if (isAscii(path)) return path;
  try {
    return utf8Decoder.decode(byteStringToBytes(path));
  } catch {
    let text = "";
    for (let i = 0; i < path.length; ) {
      const length = sequenceLength(path, i);
      if (length === 0) text += invalid(path.charCodeAt(i++));
      else {
        text += utf8Decoder.decode(byteStringToBytes(path.slice(i, i + length)));
        i += length;
      }
    }
    return text;
  }
}

/**
 * The path for people and JSON: UTF-8 decoded, bytes that are not UTF-8 as `%XX`, and `%` as `%25`,
 * so the form can be turned back.
 */
export function displayPath(path: BytePath): string {
  return decode(path.replaceAll("%", "%25"), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`);
}

/** The path as patterns see it: UTF-8 decoded, other bytes as lone surrogates (PEP 383). */
export function textForMatching(path: BytePath): string {
  return decode(path, (byte) => String.fromCharCode(0xdc00 + byte));
}
