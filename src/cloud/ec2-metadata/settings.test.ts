import { describe, expect, test } from "vitest";
import { readEc2MetadataSettings } from "./settings.ts";

describe("the settings of the EC2 metadata service", () => {
  test("an empty environment means the service's IPv4 address, with IMDSv1 allowed", () => {
    expect(readEc2MetadataSettings({})).toEqual({
      enabled: true,
      endpoint: "http://169.254.169.254",
      endpointConfigured: false,
      v1Allowed: true,
    });
  });

  test.each(["IPv6", "ipv6", " IPV6 "])("the mode %j means the IPv6 address", (mode) => {
    const settings = readEc2MetadataSettings({ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: mode });
    expect(settings.endpoint).toBe("http://[fd00:ec2::254]");
  });

  test.each([
    ["http://127.0.0.1:1338", "http://127.0.0.1:1338"],
    ["http://127.0.0.1:1338/", "http://127.0.0.1:1338"],
    ["http://[::1]:1338/", "http://[::1]:1338"],
    ["http://metadata.internal/prefix/", "http://metadata.internal/prefix"],
  ])("the endpoint %s is used as %s, whatever the mode", (text, endpoint) => {
    const settings = readEc2MetadataSettings({
      AWS_EC2_METADATA_SERVICE_ENDPOINT: text,
      AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv6",
    });
    expect(settings).toMatchObject({ endpoint, endpointConfigured: true });
  });

  test.each([
    "127.0.0.1:1338",
    "localhost:1338",
    "https://127.0.0.1",
    "http://",
    "http://user:word@host",
    "http://host/?a=b",
    "http://host:99999",
    "file:///etc/passwd",
  ])("the endpoint %s is refused by the name of its variable", (text) => {
    expect(() => readEc2MetadataSettings({ AWS_EC2_METADATA_SERVICE_ENDPOINT: text })).toThrow(
      /AWS_EC2_METADATA_SERVICE_ENDPOINT: .*\[bad-usage\]/,
    );
  });

  test("true and false are read in any case, and an empty variable is an absent one", () => {
    expect(readEc2MetadataSettings({ AWS_EC2_METADATA_V1_DISABLED: "TRUE" }).v1Allowed).toBe(false);
    expect(readEc2MetadataSettings({ AWS_EC2_METADATA_V1_DISABLED: "False" }).v1Allowed).toBe(true);
    expect(readEc2MetadataSettings({ AWS_EC2_METADATA_V1_DISABLED: "" }).v1Allowed).toBe(true);
    expect(readEc2MetadataSettings({ AWS_EC2_METADATA_DISABLED: "true" }).enabled).toBe(false);
  });

  test.each([
    ["AWS_EC2_METADATA_DISABLED", "yes"],
    ["AWS_EC2_METADATA_V1_DISABLED", "1"],
    ["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5"],
  ])("%s=%s is refused by name", (name, value) => {
    expect(() => readEc2MetadataSettings({ [name]: value })).toThrow(new RegExp(`${name}.*bad-usage`));
  });

  test("where the service is switched off, nonsense in the other variables does no harm", () => {
    const env = { AWS_EC2_METADATA_DISABLED: "true", AWS_EC2_METADATA_SERVICE_ENDPOINT: "nonsense" };
    expect(readEc2MetadataSettings(env).enabled).toBe(false);
  });
});
