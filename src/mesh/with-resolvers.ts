/**
 * libp2p 3 needs Promise.withResolvers, which Node 20 lacks. Imported first by every file that
 * imports libp2p.
 */
Promise.withResolvers ??= function withResolvers<T>(this: PromiseConstructor) {
  let resolve!: (value: T | PromiseLike<T>) => void;
  let reject!: (reason?: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
} as typeof Promise.withResolvers;

export {};
