/** The contract of the system calls once more, where renames have no flags: what stands in for them must keep it. */
import "../fixtures/no-rename-flags.ts";
import "./system-calls.test.ts";
