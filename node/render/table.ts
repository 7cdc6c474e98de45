import { printable } from "../printable.ts";

/** Rows under headings, columns aligned; numbers to the right. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(printable));
  const widths = headings.map((heading, i) => Math.max(heading.length, ...clean.map((row) => row[i].length)));
  const numeric = headings.map(
    (_, i) => clean.length > 0 && clean.every((row) => /^[\d.,]*( [kMGT]?i?B)?$/.test(row[i])),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd();
  return [line(headings), ...clean.map(line)].join("\n");
}
