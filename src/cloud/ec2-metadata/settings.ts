import { SpotproofError } from "../../base/index.ts";

/** Where the EC2 metadata service is and how it may be asked. */
export interface Ec2MetadataSettings {
  /** False when the user has switched the service off: then it is never contacted. */
  readonly enabled: boolean;
  /** `http://host[:port][/path]`, without a slash at the end. */
  readonly endpoint: string;
  /** True when the user named the endpoint: then silence there is trouble, not "this is no EC2 instance". */
  readonly endpointConfigured: boolean;
  /** Whether requests without a token (IMDSv1) are allowed where no token can be had. */
  readonly v1Allowed: boolean;
}

/** The service's addresses, as in the EC2 user guide, "Access instance metadata". */
const ENDPOINTS = { ipv4: "http://169.254.169.254", ipv6: "http://[fd00:ec2::254]" } as const;

/** Environment variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables that the AWS SDKs read too: `AWS_EC2_METADATA_DISABLED`, `AWS_EC2_METADATA_SERVICE_ENDPOINT`,
 * `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` (the endpoint wins over the mode) and `AWS_EC2_METADATA_V1_DISABLED`.
 * An empty variable is an absent one. When the service is disabled, the other variables are not looked at.
 * @throws SpotproofError `bad-usage` that names the variable, when a value makes no sense
 */
export function readEc2MetadataSettings(env: Environment): Ec2MetadataSettings {
  const disabled = readFlag(env, "AWS_EC2_METADATA_DISABLED");
  if (disabled) {
    return { enabled: false, endpoint: ENDPOINTS.ipv4, endpointConfigured: false, v1Allowed: false };
  }
  const modeEndpoint = ENDPOINTS[readMode(env)];
  const configured = given(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  return {
    enabled: true,
    endpoint: configured === undefined ? modeEndpoint : checkedEndpoint(configured),
    endpointConfigured: configured !== undefined,
    v1Allowed: !readFlag(env, "AWS_EC2_METADATA_V1_DISABLED"),
  };
}

function given(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

function readFlag(env: Environment, name: string): boolean {
  const value = given(env, name)?.toLowerCase();
  if (value === undefined || value === "false") return false;
  if (value === "true") return true;
  throw new SpotproofError("bad-usage", `${name}: "${value}" is neither true nor false.`);
}

function readMode(env: Environment): keyof typeof ENDPOINTS {
  const name = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
  const value = given(env, name)?.toLowerCase();
  if (value === undefined || value === "ipv4") return "ipv4";
  if (value === "ipv6") return "ipv6";
  throw new SpotproofError("bad-usage", `${name}: "${value}" is neither IPv4 nor IPv6.`);
}

function checkedEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined &&
    url.protocol === "http:" &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "";
  if (!isPlain) {
    throw new SpotproofError(
      "bad-usage",
      `AWS_EC2_METADATA_SERVICE_ENDPOINT: "${text}" is not an address such as http://127.0.0.1:1338 or http://[fd00:ec2::254].`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
