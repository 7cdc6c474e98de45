import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { editTree } from "../../scripts/tree/edit.ts";
import { generateTree } from "../../scripts/tree/generate.ts";
import { CAN_BIND } from "../fixtures/hanging-disk.ts";
import { differences, Fleet, isTidy, writeTree } from "./mesh-harness.ts";

// bindfs has no flags for renames, and does nothing when asked to set the modification time alone.
(CAN_BIND ? test : test.skip)(
  "a root on a FUSE file system is brought in step, and status says what it lacks",
  async (t) => {
    const fleet = await Fleet.start({
      hosts: { alpha: {}, beta: {} },
      roots: { www: { comparison: "alpha", master: "alpha", remotes: ["beta"], maxDelete: "100%" } },
    });
    const [master, remote] = ["alpha", "beta"].map((host) => fleet.path(host, "www"));
    const behind = join(fleet.directory, "behind");
    mkdirSync(behind);
    const mounted = spawnSync("bindfs", ["-o", "attr_timeout=0,entry_timeout=0", behind, remote], { encoding: "utf8" });
    t.is(mounted.status, 0, mounted.stderr);
    try {
      await fleet.assign();
      const syncs = async (): Promise<void> => {
        const { exitCode, stdout } = await fleet.run("sync", "www");
        t.is(exitCode, 0, stdout);
        t.is(differences(master, remote), "");
        t.true(isTidy(remote));
      };
      generateTree(master, { files: 300, directories: 30, minBytes: 0, maxBytes: 9000, seed: 7 });
      writeTree(master, { "turns/into/a/file": "1", "turns-into-a-directory": "2", "stays/x": "3" });
      symlinkSync("old", join(master, "link"));
      await syncs();
      editTree(master, { seed: 5, edit: 0.2, add: 0.05, remove: 0.05 });
      for (const path of ["turns", "turns-into-a-directory", "link"]) rmSync(join(master, path), { recursive: true });
      writeTree(master, { turns: "into a file", "turns-into-a-directory/with/a/file": "2" });
      symlinkSync("new", join(master, "link"));
      writeFileSync(join(master, "stays/y"), "4");
      renameSync(join(master, "stays/y"), join(master, "stays/x"));
      await syncs();
      const { json } = await fleet.run("status");
      const { lacks } = json.hosts["beta"] as unknown as { lacks: string[] };
      t.regex(lacks.join("; "), /names cannot be exchanged/);
    } finally {
      spawnSync("umount", ["--lazy", remote]);
      await fleet.stop();
    }
  },
);
