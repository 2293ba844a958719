import { expect, test } from "vitest";
import type { SupervisorEvent } from "../supervisor/index.ts";
import { mergeTroubles } from "./store-troubles.ts";

const trouble: SupervisorEvent = { kind: "store-trouble", message: "It is away." };
const well: SupervisorEvent = { kind: "store-well" };
const other: SupervisorEvent = { kind: "interruption-cleared" };

test("C06: the store's trouble is told once, whoever meets it, and over when it is over for all", () => {
  const told: string[] = [];
  const hear = mergeTroubles(({ kind }) => told.push(kind));
  hear("saves", trouble);
  hear("supervisor", trouble);
  hear("supervisor", other);
  hear("saves", well);
  expect(told).toEqual(["store-trouble", "interruption-cleared"]);
  hear("supervisor", well);
  hear("supervisor", well);
  hear("supervisor", trouble);
  expect(told).toEqual(["store-trouble", "interruption-cleared", "store-well", "store-trouble"]);
});
