// tsc writes files without the execute bit, which the package's bin needs.
import { chmodSync } from "node:fs";

chmodSync("dist/node/lockstep.js", 0o755);
