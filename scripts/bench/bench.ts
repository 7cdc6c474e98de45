/** bench.ts NAME [OPTIONS]: runs one measurement; each lies in a file of its own. */
import { inWorkshop, type Workshop } from "../mesh/workshop.ts";

interface Bench {
  readonly usage: string;
  run(workshop: Workshop, args: readonly string[]): Promise<number>;
}

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  fanout: () => import("./fanout.ts"),
  "fanout-sim": () => import("./fanout-sim.ts"),
  "first-sync": () => import("./first-sync.ts"),
  transfer: () => import("./transfer.ts"),
};

const [name = "", ...args] = process.argv.slice(2);
const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (load === undefined) {
  console.error("usage: npm run bench -- NAME [OPTIONS], NAME one of:");
  for (const known of Object.keys(BENCHES)) console.error(`  ${(await BENCHES[known]()).usage}`);
  process.exitCode = 2;
} else {
  const bench = await load();
  await inWorkshop((workshop) => bench.run(workshop, args));
}
