/**
 * The contract of the system calls once more, in a process whose kernel knows no openat2, fchmodat2
 * and listxattrat: what stands in for them must confine as well.
 */
import { forgetYoungCalls } from "../fixtures/old-kernel.ts";

forgetYoungCalls();
await import("./system-calls.test.ts");
