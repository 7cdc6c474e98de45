import { setMaxListeners } from "node:events";

/**
 * A signal that is aborted with another one, or when the time is up, with a `TimeoutError`.
 * `AbortSignal.any` does not do: it holds its sources weakly, and a timeout that nobody else holds is
 * collected before it is over (Node 20).
 */
export function deadline(signal: AbortSignal, ms: number): AbortSignal {
  const controller = new AbortController();
  // One listener for each host of a round.
  setMaxListeners(0, signal, controller.signal);
  const abort = (): void => {
    clearTimeout(timer);
    controller.abort(signal.reason);
  };
  const timer = setTimeout(() => {
    signal.removeEventListener("abort", abort);
    controller.abort(new DOMException("it took too long", "TimeoutError"));
  }, ms);
  timer.unref();
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return controller.signal;
}
