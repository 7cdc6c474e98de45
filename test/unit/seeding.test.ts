import test from "ava";
import { Seeding } from "../../src/compare/seeding.ts";

const mib = (): number => 1 << 20;

test("a unit is given once, until its lease is over", (t) => {
  const seeding = new Seeding();
  t.true(seeding.give("u", mib, "a", 0));
  t.false(seeding.give("u", mib, "b", 1_000_000));
  t.true(seeding.give("v", mib, "b", 0));
  seeding.sent("u", "a", 1_000_000);
  t.false(seeding.give("u", mib, "b", 1_000_001));
  t.true(seeding.give("u", mib, "b", 6_000_000));
});

test("the same remote may ask again", (t) => {
  const seeding = new Seeding();
  t.true(seeding.give("u", mib, "a", 0));
  t.true(seeding.give("u", mib, "a", 1));
});

test("a lease lasts longer where sending took longer", (t) => {
  const seeding = new Seeding();
  seeding.give("u", mib, "a", 0);
  seeding.sent("u", "a", 10_000);
  t.false(seeding.give("u", mib, "b", 49_999));
  t.true(seeding.give("u", mib, "b", 50_000));
});

test("an idle master does not wait so long, but until the unit is sent and some time for passing it on", (t) => {
  const seeding = new Seeding();
  seeding.give("u", mib, "a", 0);
  t.false(seeding.give("u", mib, "b", 10_000, true));
  seeding.give("v", mib, "a", 9_500);
  seeding.sent("v", "a", 10_000);
  t.false(seeding.give("v", mib, "b", 11_000, true));
  t.false(seeding.give("v", mib, "b", 12_000, false));
  t.true(seeding.give("v", mib, "b", 12_500, true));
});

test("on a slow link, which takes all at once, the others wait until the unit has arrived and could be passed on", (t) => {
  const seeding = new Seeding();
  seeding.give("u", mib, "a", 0);
  seeding.sent("u", "a", 10);
  seeding.arrived("u", "a", 25_000);
  t.false(seeding.give("u", mib, "b", 49_000, true), "idle: as long as the way to the first one took");
  t.true(seeding.give("u", mib, "b", 50_000, true));

  seeding.give("v", mib, "a", 50_000);
  seeding.sent("v", "a", 50_010);
  t.false(seeding.give("v", mib, "b", 74_000, true), "it is on its way, as long as the one before was");
  seeding.arrived("v", "a", 75_000);
  t.false(seeding.give("v", mib, "b", 170_000), "busy: four times as long");
  t.true(seeding.give("v", mib, "b", 175_000));
});

test("what was taken back, or given to one that is gone, is free", (t) => {
  const seeding = new Seeding();
  for (const unit of ["u", "v"]) seeding.give(unit, mib, "a", 0);
  seeding.takeBack("u", "b");
  t.false(seeding.give("u", mib, "b", 1));
  seeding.takeBack("u", "a");
  t.true(seeding.give("u", mib, "b", 1));
  t.false(seeding.give("v", mib, "b", 1));
  seeding.gone("a");
  t.true(seeding.give("v", mib, "b", 1));
  t.false(seeding.give("u", mib, "c", 1));
});

test("an idle master helps at once when all was given, with a small part of the content", (t) => {
  const seeding = new Seeding();
  seeding.stated(50 << 20);
  for (let i = 0; i < 49; i++) t.true(seeding.give(`u${i}`, mib, "a", 0));
  seeding.sent("u48", "a", 10);
  t.false(seeding.give("u48", mib, "b", 20, true), "something was not given yet");
  t.true(seeding.give("u49", mib, "a", 20));
  t.false(seeding.give("u49", mib, "b", 30, true), "it is still being sent");
  for (const unit of ["u0", "u1"]) seeding.sent(unit, "a", 30);
  t.false(seeding.give("u48", mib, "b", 30, false), "it is not idle");
  t.true(seeding.give("u48", mib, "b", 30, true));
  t.true(seeding.give("u0", mib, "b", 30, true));
  t.false(seeding.give("u1", mib, "b", 30, true), "that would be more than a 25th");
  seeding.stated(25 << 20);
  t.false(seeding.give("u1", mib, "b", 30, true), "there is more to be given");
});
