import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { readNodeConfig } from "../../node/config-file.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

// Seen: relative to the working directory, which of a service is /.
test("relative paths of a configuration start where the file is, whole ones stay", (t) => {
  const directory = tempDirectory(t);
  const file = join(directory, "lockstep.yaml");
  writeFileSync(file, "data: state\nroot: { www: ../www, etc: /etc/x, odd: ~x }\ncontrol: a\n");
  t.like(readNodeConfig(file), {
    data: join(directory, "state"),
    root: { www: join(directory, "../www"), etc: "/etc/x", odd: join(directory, "~x") },
    control: ["a"],
  });
  writeFileSync(file, "listen: a\n");
  t.is(readNodeConfig(file).data, undefined);
});

test("a ~ that nobody expands is refused", (t) => {
  const file = join(tempDirectory(t), "lockstep.yaml");
  for (const text of ["data: ~/state\n", "root: { www: ~/www }\n"]) {
    writeFileSync(file, text);
    t.throws(() => readNodeConfig(file), { code: "LOCKSTEP_USAGE", message: /home directory/ });
  }
});
