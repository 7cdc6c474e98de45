import type { Channel } from "../ports/mesh.ts";

/** How often each side lets the other know that it is there. */
export const BEAT_MS = 5_000;
/** Silence after which the other side counts as gone. TCP alone would take many minutes. */
export const SILENCE_LIMIT_MS = 20_000;

/**
 * Aborts a channel when nothing at all has come for too long; bytes of a long frame count, so that a
 * slow link is not taken for a dead one.
 *
 * @returns stops watching
 */
export function watchSilence(channel: Channel, gone: () => Error, limitMs: number = SILENCE_LIMIT_MS): () => void {
  const since = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - Math.max(channel.heardAt, since) > limitMs) channel.abort(gone());
  }, limitMs / 4);
  timer.unref();
  return endWith(channel, timer);
}

/**
 * Sends a frame from time to time while the channel lasts, whatever else is sent.
 *
 * @returns stops that
 */
export function beat(channel: Channel, frame: () => Uint8Array, intervalMs: number = BEAT_MS): () => void {
  let sending = false;
  const timer = setInterval(() => {
    // Behind what waits to be sent there need be only one.
    if (sending) return;
    sending = true;
    void channel
      .send(frame())
      .catch(() => undefined)
      .finally(() => {
        sending = false;
      });
  }, intervalMs);
  timer.unref();
  return endWith(channel, timer);
}

/** @returns stops the timer, as the end of the channel does */
function endWith(channel: Channel, timer: NodeJS.Timeout): () => void {
  const stop = (): void => {
    clearInterval(timer);
    channel.closed.removeEventListener("abort", stop);
  };
  channel.closed.addEventListener("abort", stop, { once: true });
  return stop;
}
