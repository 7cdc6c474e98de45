/** The contract of held trees once more, where renames have no flags. */
import "../fixtures/no-rename-flags.ts";
import "./held-tree.test.ts";
