import test from "ava";
import { ProgressDisplay } from "../../node/render/progress.ts";

function progressOf(remote: string, bytesDone: number) {
  const blocks = { blocksDone: 0, blocks: 1, pathsDone: 0, paths: 1, heldBlocks: 0, heldMs: 0, checked: 0 };
  return { kind: "progress", remote, bytesDone, bytes: 1000, fedBy: {}, ...blocks } as const;
}

// Seen: each redraw scrolled the terminal, ten times a second, as only what is on the screen can be taken away.
test("the display of a large fleet fits on the screen and shows those that are furthest behind", (t) => {
  for (const [rows, remotes] of [
    [24, 100],
    [5, 4],
    [5, 3],
    [3, 9],
  ]) {
    let drawn = "";
    const write = (text: string): boolean => {
      if (!text.startsWith("\u001b")) drawn = text;
      return true;
    };
    const display = new ProgressDisplay({ rows, columns: 80, write } as unknown as NodeJS.WriteStream);
    for (let i = 0; i < remotes; i++) display.show(progressOf(`r${i}`, remotes - i));
    display.show({ kind: "phase", phase: "update", pass: 0 });
    const lines = drawn.trimEnd().split("\n");
    t.true(lines.length < rows, `${lines.length} lines of ${rows}`);
    const named = lines.filter((line) => /^ {2}r\d/.test(line)).map((line) => line.trim().split(" ")[0]);
    const left = remotes - named.length;
    t.is(lines.at(-1)?.includes(`and ${left} more`), left > 0);
    if (left > 0)
      t.deepEqual(
        named,
        Array.from(named, (_, i) => `r${remotes - 1 - i}`),
      );
  }
});

test("it is told for whose disk a round waits, until that answers", (t) => {
  let drawn = "";
  const write = (text: string): boolean => {
    if (!text.startsWith("\u001b")) drawn = text;
    return true;
  };
  const display = new ProgressDisplay({ rows: 24, columns: 80, write } as unknown as NodeJS.WriteStream);
  display.show({ kind: "phase", phase: "list", pass: 0 });
  display.show({ kind: "stalled", hosts: [{ host: "beta", ms: 35_000 }] });
  t.is(drawn, "listing files, waiting for beta: its disk has not answered for 35 s\n");
  display.show({ kind: "stalled", hosts: [] });
  t.is(drawn, "listing files\n");
});
