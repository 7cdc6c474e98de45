/** The contract of a tree once more, where renames have no flags. */
import "../fixtures/no-rename-flags.ts";
import "./open-tree.test.ts";
