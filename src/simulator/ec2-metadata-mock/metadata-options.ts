import { SpotproofError } from "../../base/index.ts";

/** What `aws ec2 modify-instance-metadata-options` sets on a real instance, and how far away the client is. */
export interface MockMetadataOptions {
  /** `required`: a request without a token is answered 401. */
  readonly httpTokens: "required" | "optional";
  /** `disabled`: everything is answered 403. */
  readonly httpEndpoint: "enabled" | "disabled";
  /** So many network hops does the reply to a token request live: 1 to 64. */
  readonly httpPutResponseHopLimit: number;
  /** Whether tags are shown below `tags/instance`. */
  readonly instanceMetadataTags: "enabled" | "disabled";
  /** How many hops away the client is: 1 on the instance itself, 2 in a container with its own network. */
  readonly clientHops: number;
}

/** As a new instance has them; tokens are optional so that old clients work too. */
export const DEFAULT_OPTIONS: MockMetadataOptions = {
  httpTokens: "optional",
  httpEndpoint: "enabled",
  httpPutResponseHopLimit: 1,
  instanceMetadataTags: "disabled",
  clientHops: 1,
};

/** @throws SpotproofError `bad-usage` for a number of hops that is none */
export function checkOptions(options: MockMetadataOptions): MockMetadataOptions {
  const hops = [
    ["the hop limit", options.httpPutResponseHopLimit],
    ["the number of hops of the client", options.clientHops],
  ] as const;
  for (const [what, value] of hops) {
    if (!Number.isInteger(value) || value < 1 || value > 64) {
      throw new SpotproofError("bad-usage", `${what} is ${value} and not a whole number from 1 to 64.`);
    }
  }
  return options;
}

/** Reads the parameters of `POST /mock/options`, which are called as the options of the AWS command line are. */
export function readOptions(parameters: URLSearchParams): Partial<MockMetadataOptions> {
  const changes: Record<string, string | number> = {};
  for (const [name, text] of parameters) {
    switch (name) {
      case "http-tokens":
        changes["httpTokens"] = oneOf(name, text, ["required", "optional"]);
        break;
      case "http-endpoint":
        changes["httpEndpoint"] = oneOf(name, text, ["enabled", "disabled"]);
        break;
      case "instance-metadata-tags":
        changes["instanceMetadataTags"] = oneOf(name, text, ["enabled", "disabled"]);
        break;
      case "http-put-response-hop-limit":
        changes["httpPutResponseHopLimit"] = Number(text || Number.NaN);
        break;
      case "client-hops":
        changes["clientHops"] = Number(text || Number.NaN);
        break;
      default:
        throw new SpotproofError("bad-usage", `there is no option called ${JSON.stringify(name)}`);
    }
  }
  return changes;
}

function oneOf(name: string, text: string, choices: readonly string[]): string {
  if (choices.includes(text)) return text;
  throw new SpotproofError("bad-usage", `${name}: ${JSON.stringify(text)} is none of ${choices.join(", ")}`);
}
