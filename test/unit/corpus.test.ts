import test from "ava";
import { readCorpus } from "../fixtures/corpus.ts";
import { DECODERS, runDecoder } from "../fixtures/decoders.ts";

for (const [name, decoder] of Object.entries(DECODERS)) {
  test(`${name}: what the fuzzer found of interest is refused with a code or accepted as canonical`, (t) => {
    const corpus = readCorpus(name);
    t.true(corpus.length > 0, "scripts/fuzz/fuzz-decoders.ts has found nothing yet");
    const outcomes = new Set(corpus.map((bytes) => runDecoder(decoder, bytes)));
    t.true(outcomes.has("accepted"));
    t.true(outcomes.size > 1, "nothing is ever refused");
    for (const seed of decoder.seeds) t.is(runDecoder(decoder, seed), "accepted");
  });
}
