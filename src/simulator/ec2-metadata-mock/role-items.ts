import { isoSeconds } from "../metadata-mock/service-clock.ts";

/** How long the credentials of a role are said to be valid: six hours, as on EC2. */
const VALID_MS = 6 * 3_600_000;

/**
 * The items below `iam/` of an instance with a role. The keys are those of the AWS documentation's examples: every service of AWS
 * refuses them.
 */
export function roleItems(role: string, wallTime: number): ReadonlyMap<string, string> {
  const updated = { Code: "Success", LastUpdated: isoSeconds(wallTime) };
  const info = {
    ...updated,
    InstanceProfileArn: `arn:aws:iam::123456789012:instance-profile/${role}`,
    InstanceProfileId: "AIPACKCEVSQ6C2EXAMPLE",
  };
  const credentials = {
    ...updated,
    Type: "AWS-HMAC",
    AccessKeyId: "ASIAIOSFODNN7EXAMPLE",
    SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    Token: "spotproof-mock-token-that-no-service-accepts",
    Expiration: isoSeconds(wallTime + VALID_MS),
  };
  return new Map([
    ["meta-data/iam/info", JSON.stringify(info, null, 2)],
    [`meta-data/iam/security-credentials/${role}`, JSON.stringify(credentials, null, 2)],
  ]);
}
