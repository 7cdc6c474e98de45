/** Who asks and who answers, over a channel within this process. */
import test from "ava";
import { localChannelPair } from "../../src/mesh/local-channel.ts";
import { Requester, respond } from "../../src/wire/request-response.ts";

const ROUND = { root: "www", epoch: 1, sequence: 1, term: 1 };

async function* nothing(): AsyncGenerator<never> {}

test("an asker that falls silent is given up by the side that answers", async (t) => {
  const [, toAsker] = localChannelPair("asker", "answerer");
  await t.throwsAsync(respond(toAsker, nothing, 200), { code: "LOCKSTEP_PEER_GONE" });
});

// Seen: from the 17th request on no sign of life was answered, and a host that only had much to do was lost.
test("signs of life and what is urgent are answered while the other side has its hands full", async (t) => {
  const [toAnswerer, toAsker] = localChannelPair("asker", "answerer");
  let finish: () => void = () => undefined;
  const busy = new Promise<void>((resolve) => (finish = resolve));
  let most = 0;
  let running = 0;
  const answering = respond(toAsker, async function* ({ renew }) {
    if (renew !== undefined) return;
    most = Math.max(most, ++running);
    await busy;
    running--;
    yield* nothing();
  });
  const requester = new Requester(toAnswerer, "answerer");
  const asked = Array.from({ length: 100 }, () => requester.askOne({ round: ROUND, finish: {} }));
  await requester.askOne({ round: ROUND, renew: {} });
  const before = toAnswerer.heardAt;
  await requester.askOne({ round: ROUND, renew: {} });
  t.true(toAnswerer.heardAt >= before);
  t.is(most, 16);
  finish();
  await Promise.all(asked);
  t.is(most, 16);
  await requester.close();
  await t.notThrowsAsync(answering);
});

test("an asker that has nothing to ask for a while is not", async (t) => {
  const [toAnswerer, toAsker] = localChannelPair("asker", "answerer");
  const answering = respond(toAsker, nothing, 1000);
  const beats = setInterval(() => void requester.askOne({ round: ROUND, renew: {} }).catch(() => undefined), 100);
  const requester = new Requester(toAnswerer, "answerer");
  await new Promise((resolve) => setTimeout(resolve, 2500));
  t.false(toAsker.closed.aborted);
  clearInterval(beats);
  await requester.close();
  await t.notThrowsAsync(answering);
});
