import type { MessageStream, StreamMuxer, StreamMuxerFactory } from "@libp2p/interface";

/** What libp2p takes to make muxers of connections with. */
export type MakeMuxers<Components> = (components: Components) => StreamMuxerFactory;

/**
 * The same muxers, each made in another way.
 *
 * @param name told as the factory's kind
 * @param create makes a muxer over a connection by the factory that is wrapped
 */
export function wrapMuxers<Components>(
  make: MakeMuxers<Components>,
  name: string,
  create: (factory: StreamMuxerFactory, connection: MessageStream) => StreamMuxer,
): MakeMuxers<Components> {
  return (components) => {
    const factory = make(components);
    return {
      ...{ protocol: factory.protocol, [Symbol.toStringTag]: name },
      createStreamMuxer: (connection: MessageStream) => create(factory, connection),
    };
  };
}
