/**
 * The floors. Imports go down only:
 *
 *   model → compare, ports → wire → tree, store, mesh (blind to each other) → node.ts → node/
 *   roles see model, compare, ports and wire, never an adapter
 */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: "^(src|node)/", pathNot: [from, ...allowed] },
});

const below = { model: ["^src/model/"], compare: ["^src/model/"], ports: ["^src/model/"] };

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-orphans-resolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    only("model-is-the-ground", "^src/model/", [], "model stands on nothing"),
    only("compare-is-pure", "^src/compare/", below.compare, "decisions see values only"),
    only("ports-are-interfaces", "^src/ports/", below.ports, "ports speak in values"),
    only("wire-sees-ports", "^src/wire/", ["^src/model/", "^src/compare/", "^src/ports/"], "wire knows no adapter"),
    only(
      "tree-is-an-adapter",
      "^src/tree/",
      ["^src/model/", "^src/compare/", "^src/ports/"],
      "adapters are blind to each other",
    ),
    only("store-is-an-adapter", "^src/store/", ["^src/model/", "^src/ports/"], "adapters are blind to each other"),
    only("mesh-is-an-adapter", "^src/mesh/", ["^src/model/", "^src/ports/"], "adapters are blind to each other"),
    only(
      "roles-see-no-adapter",
      "^src/roles/",
      ["^src/model/", "^src/compare/", "^src/ports/", "^src/wire/"],
      "roles run over any adapter",
    ),
    {
      name: "program-uses-the-library",
      comment: "src never imports the program",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^node/" },
    },
    {
      name: "pure-floors-do-no-io",
      severity: "error",
      from: { path: "^src/(model|compare)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "libp2p-only-in-mesh",
      severity: "error",
      from: { path: "^(src|node)/", pathNot: "^src/mesh/" },
      to: { path: "node_modules/(libp2p|@libp2p|@chainsafe|@multiformats)/" },
    },
    {
      name: "level-only-in-store",
      severity: "error",
      from: { path: "^(src|node)/", pathNot: "^src/store/" },
      to: { path: "node_modules/(level|classic-level|abstract-level)/" },
    },
    {
      name: "koffi-only-in-tree",
      comment: "and for the cipher of the mesh, and to give memory back",
      severity: "error",
      from: { path: "^(src|node)/", pathNot: "^src/(tree/|mesh/noise-cipher|process-memory)" },
      to: { path: "node_modules/koffi/" },
    },
    {
      name: "files-only-in-tree",
      comment: "the store, the identity, node.ts and the program read their own files only",
      severity: "error",
      from: { path: "^src/(roles|wire|ports)/" },
      to: { path: "^(node:)?fs" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types"],
    },
  },
};
