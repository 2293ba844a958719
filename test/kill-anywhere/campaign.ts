import type { Programs } from "./build-programs.ts";
import { countOperations } from "./count-operations.ts";
import type { ChainTask, Link } from "./crash-chain.ts";
import { type Places, runChains } from "./foremen.ts";
import { type Setting, countPoints } from "./setting.ts";
import type { Mutant } from "./store-mutants.ts";

/** Many chains of crashes in one setting. */
export interface Campaign {
  /** Runs chains until so many processes were killed, or something is wrong. */
  kill(cuts: number): Promise<readonly Link[]>;
  /** Runs chains with a flawed engine until somebody notices. `since`: kills only beside such a call. */
  killFlawed(mutant: Mutant, since?: string): Promise<readonly Link[]>;
  /** The same engine, left alone. */
  leaveFlawed(mutant: Mutant): Promise<readonly Link[]>;
  /** In a line. */
  summary(links: readonly Link[]): string;
}

/** What a campaign needs. */
export interface CampaignOptions {
  readonly programs: Programs;
  readonly places: Places;
  readonly setting: Setting;
  readonly seed: number;
  /** Runs only the chain with this number. */
  readonly onlyChain: number | undefined;
  /** Of each chain. */
  readonly links: number;
}

const MUTANT_CHAINS = 30;
const MUTANT_LINKS = 12;

/** What is wrong, in sentences. */
export const problemsOf = (links: readonly Link[]): readonly string[] =>
  links.flatMap(({ problems }) => problems);
/** The links that ended with a kill. */
export const cutsOf = (links: readonly Link[]): readonly Link[] =>
  links.filter(({ cut }) => cut !== undefined);

/** Counts the operations of every kind of attempt in the setting. */
export async function startCampaign(options: CampaignOptions): Promise<Campaign> {
  const { programs, places, setting, seed, onlyChain } = options;
  const { victim, foreman } = programs;
  const operations = await countOperations({ victim, places: places.path, seed, setting });
  function* tasks(
    chains: number,
    { mutant, since, links = options.links }: Partial<ChainTask> = {},
  ): Generator<ChainTask> {
    for (let chain = 0; chain < chains; chain += 1) {
      if (onlyChain !== undefined && chain !== onlyChain) continue;
      yield { victim, places: places.path, seed, chain, links, mutant, since, setting, operations };
    }
  }
  return {
    kill: (cuts) =>
      runChains(
        foreman,
        tasks(100_000),
        (links) => cutsOf(links).length >= cuts || problemsOf(links).length > 0,
      ),
    killFlawed: (mutant, since) =>
      runChains(
        foreman,
        tasks(MUTANT_CHAINS, { mutant, since, links: MUTANT_LINKS }),
        (links) => problemsOf(links).length > 0,
      ),
    leaveFlawed: (mutant) => runChains(foreman, tasks(2, { mutant, links: 0 }), () => false),
    summary(links) {
      const cuts = cutsOf(links);
      const points = new Set(
        cuts.map(({ surroundings, cut }) => `${surroundings} ${cut?.side} ${cut?.operation}`),
      );
      const all = Object.values(operations).reduce((sum, [, most]) => sum + countPoints(setting, most), 0);
      const restores = links.filter(({ restoredStep }) => restoredStep !== undefined).length;
      const [newest, before] = [0, 1].map(
        (steps) => cuts.filter((link) => link.restoredStep !== undefined && link.behind === steps).length,
      );
      return `${cuts.length} processes killed at ${points.size} of about ${all} points, ${restores} fresh machines restored (${newest} to the newest state, ${before} to the one before it), bad = ${problemsOf(links).length}`;
    },
  };
}
