import { Command, Option } from "commander";
import type { NodeCommandOptions, RoundOptions, StationOptions } from "./command-options.ts";
import { givenPath } from "./given-path.ts";
import { printable } from "./printable.ts";

/** Commands are imported when they run: libp2p alone takes some 0.4 s to load. */
export function createProgram(): Command {
  const program = new Command("lockstep");
  program
    .description("Keeps any number of hosts exactly equal to a master.")
    .version("0.1.0")
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(`lockstep: ${printable(text.trim().replace(/^error: /, ""))} (see lockstep --help) [LOCKSTEP_USAGE]\n`),
    });

  program
    .command("id")
    .description("print this host's peer id; the identity is made on first use")
    .requiredOption("--data <dir>", "state directory", givenPath)
    .option("--json", "print JSON")
    .action(async (options: { data: string; json?: boolean }) => (await import("./commands/id.ts")).runId(options));

  program
    .command("node")
    .description("run this host")
    .option("--data <dir>", "state directory: identity, assignments, hash cache", givenPath)
    .option("--root <name=path...>", "a root and the directory it means here (repeat for more)")
    .option("--listen <multiaddr...>", "where to listen, such as /ip4/0.0.0.0/tcp/7400")
    .option("--control <peerid...>", "control stations to trust")
    .option("--config <file>", "YAML file with the same settings; options given here win", givenPath)
    .addOption(
      new Option("--durability <level>", "sync to disk before names are switched, or leave it to the system").choices([
        "full",
        "none",
      ]),
    )
    .option("--limit-rate <rate>", "bytes per second each way, such as 10MiB, or up=10MiB,down=50MiB")
    .option("--json", "accepted for uniformity: the ready line is JSON anyway")
    .action(async (options: NodeCommandOptions) => (await import("./commands/node.ts")).runNode(options));

  const station = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .requiredOption("--data <dir>", "the control station's directory: its key only", givenPath)
      .requiredOption("--fleet <file>", "fleet file (YAML)", givenPath)
      .option("--json", "print one JSON document");

  station("assign", "sign and send the fleet file's role assignments").action(async (options: StationOptions) =>
    (await import("./commands/assign.ts")).runAssign(options),
  );
  station("status", "show hosts, roles, epoch, last round").action(async (options: StationOptions) =>
    (await import("./commands/status.ts")).runStatus(options),
  );
  const rounds = {
    plan: "compare only: what would a sync do; changes nothing",
    sync: "run one round",
    verify: "re-read and re-hash everything, ignoring the cache; report drift, change nothing",
  } as const;
  for (const mode of Object.keys(rounds) as (keyof typeof rounds)[]) {
    station(mode, rounds[mode])
      .argument("<root>", "name of the root")
      .option("--class <name>", "only the group of files that this class of the fleet file selects")
      .action(async (root: string, options: RoundOptions) =>
        (await import("./commands/round.ts")).runRound(mode, root, options),
      );
  }
  return program;
}
