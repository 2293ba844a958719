import { parseDuration, SpotproofError } from "../../base/index.ts";
import { chosen, type ControlTable } from "../metadata-mock/control-frame.ts";
import type { Ec2MetadataMock } from "./ec2-metadata-mock.ts";
import { readOptions } from "./metadata-options.ts";

/** What `POST /mock/<name>?…` of the EC2 mock understands beside what all mocks do. See `docs/guides/mock-metadata.md`. */
export function ec2Controls(mock: Ec2MetadataMock): ControlTable {
  return {
    interrupt: (parameters) => {
      const action = chosen(parameters, "action", ["terminate", "stop", "hibernate"], "terminate");
      const leadMs = parseDuration(parameters.get("lead") ?? "120s", "lead");
      return `${action} at ${mock.interrupt({ action, leadMs })}`;
    },
    rebalance: () => {
      mock.rebalance();
      return "rebalance recommended";
    },
    schedule: (parameters) => {
      const code = parameters.get("code") ?? "instance-reboot";
      return mock.scheduleEvent({ code, inMs: parseDuration(parameters.get("in") ?? "1h", "in") });
    },
    "end-scheduled": (parameters) => {
      const id = parameters.get("id") ?? "";
      const state = chosen(parameters, "state", ["completed", "canceled"], "completed");
      if (!mock.state().announced["events/maintenance/scheduled"]?.includes(`"${id}"`)) {
        throw new SpotproofError("bad-usage", `id: ${JSON.stringify(id)} is no event that is scheduled`);
      }
      mock.endScheduledEvent(id, state);
      return `${id} is ${state}`;
    },
    lifecycle: (parameters) => {
      const state = parameters.get("state") ?? "Terminated";
      mock.lifecycle(state === "none" ? undefined : state);
      return state;
    },
    options: (parameters) => JSON.stringify(mock.configure(readOptions(parameters))),
    "expire-tokens": () => {
      mock.expireTokens();
      return "every token is invalid";
    },
  };
}
