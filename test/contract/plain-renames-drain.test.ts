/** Draining readers once more, where renames have no flags. */
import "../fixtures/no-rename-flags.ts";
import "./drain-readers.test.ts";
