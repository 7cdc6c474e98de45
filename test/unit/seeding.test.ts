import test from "ava";
import { Seeding } from "../../src/compare/seeding.ts";

test("a unit is given once, until its lease is over", (t) => {
  const seeding = new Seeding();
  t.true(seeding.give("u", "a", 0));
  t.false(seeding.give("u", "b", 1_000_000));
  t.true(seeding.give("v", "b", 0));
  seeding.sent("u", "a", 1_000_000);
  t.false(seeding.give("u", "b", 1_000_001));
  t.true(seeding.give("u", "b", 6_000_000));
});

test("the same remote may ask again", (t) => {
  const seeding = new Seeding();
  t.true(seeding.give("u", "a", 0));
  t.true(seeding.give("u", "a", 1));
});

test("a lease lasts longer where sending took longer", (t) => {
  const seeding = new Seeding();
  seeding.give("u", "a", 0);
  seeding.sent("u", "a", 10_000);
  t.false(seeding.give("u", "b", 49_999));
  t.true(seeding.give("u", "b", 50_000));
});

test("an idle master does not wait so long, but until the unit is sent and some time for passing it on", (t) => {
  const seeding = new Seeding();
  seeding.give("u", "a", 0);
  t.false(seeding.give("u", "b", 10_000, true));
  seeding.sent("u", "a", 10_000);
  t.false(seeding.give("u", "b", 11_000, true));
  t.false(seeding.give("u", "b", 12_000, false));
  t.true(seeding.give("u", "b", 12_500, true));
});

test("what was taken back, or given to one that is gone, is free", (t) => {
  const seeding = new Seeding();
  for (const unit of ["u", "v"]) seeding.give(unit, "a", 0);
  seeding.takeBack("u", "b");
  t.false(seeding.give("u", "b", 1));
  seeding.takeBack("u", "a");
  t.true(seeding.give("u", "b", 1));
  t.false(seeding.give("v", "b", 1));
  seeding.gone("a");
  t.true(seeding.give("v", "b", 1));
  t.false(seeding.give("u", "c", 1));
});
