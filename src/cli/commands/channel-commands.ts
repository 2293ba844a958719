import type { Command } from "commander";
import { SpotproofError, parseDuration, systemClock } from "../../base/index.ts";
import { type ChannelAnswer, callChannel } from "../../supervisor/index.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import type { Work } from "../program.ts";

/** `spotproof checkpoint` and `spotproof progress`: the job channel for shell scripts. */
export function declareChannelCommands(program: Command, choose: (work: Work) => void): void {
  program
    .command("checkpoint")
    .summary("inside a job: make a checkpoint now")
    .description(
      "Inside a job: makes a checkpoint of the run's folder and returns when it is durable. Prints its name.",
    )
    .option("--timeout <duration>", "how long it may take", "10m")
    .action((raw: { timeout: string }) => {
      choose(async (io) => {
        const answer = await call(io, "/checkpoint", undefined, parseDuration(raw.timeout, "--timeout"));
        const { checkpoint } = JSON.parse(answer.body) as { readonly checkpoint: string };
        io.out(`${checkpoint}\n`);
        return EXIT.done.status;
      });
    });
  program
    .command("progress")
    .summary("inside a job: report how far it is, such as 40/100")
    .description(
      "Inside a job: reports how far it is. `spotproof status` shows it, and lost work is counted in it.",
    )
    .argument("<done[/total]>", "what is done, and of how much: 40/100, or 40")
    .option("--unit <name>", "what is counted: steps, files, epochs …")
    .action((text: string, raw: { unit?: string }) => {
      choose(async (io) => {
        await call(io, "/progress", JSON.stringify({ ...parseProgress(text), unit: raw.unit }), 10_000);
        return EXIT.done.status;
      });
    });
}

/** @throws SpotproofError `bad-usage` when the text is not `40/100` or `40` */
export function parseProgress(text: string): { readonly done: number; readonly total?: number } {
  const match = /^(\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?))?$/.exec(text);
  if (match === null)
    throw new SpotproofError(
      "bad-usage",
      `"${text}" is not progress. Write what is done and of how much: 40/100, or 40.`,
    );
  return { done: Number(match[1]), ...(match[2] === undefined ? {} : { total: Number(match[2]) }) };
}

async function call(
  io: CommandIo,
  path: string,
  body: string | undefined,
  limitMs: number,
): Promise<ChannelAnswer> {
  const { SPOTPROOF_SOCKET: socketPath, SPOTPROOF_URL: url } = io.environment;
  const request = { method: "POST", path, ...(body === undefined ? {} : { body }) } as const;
  const answer = await callChannel({ socketPath, url }, request, { clock: systemClock, limitMs });
  if (answer.status >= 300) {
    throw new SpotproofError(
      "channel-refused",
      `${path} was answered with ${answer.status}: ${answer.body.trim()}`,
    );
  }
  return answer;
}
