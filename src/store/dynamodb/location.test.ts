import { describe, expect, test } from "vitest";
import { parseDynamoDbLocation } from "./location.ts";

const MORE = { region: undefined, endpoint: undefined, profile: undefined, createTable: false };

describe("a dynamodb: URL", () => {
  test.each([
    ["dynamodb://jobs", { table: "jobs", prefix: "" }],
    ["dynamodb://jobs/", { table: "jobs", prefix: "" }],
    ["dynamodb://Jobs_1.x-y/team/a", { table: "Jobs_1.x-y", prefix: "team/a" }],
    ["dynamodb://jobs/team/", { table: "jobs", prefix: "team" }],
    ["DynamoDB://jobs?region=eu-central-1", { table: "jobs", prefix: "", region: "eu-central-1" }],
    [
      "dynamodb://jobs/p?endpoint=http://127.0.0.1:8000&profile=my%20profile&create-table=true",
      {
        table: "jobs",
        prefix: "p",
        endpoint: "http://127.0.0.1:8000",
        profile: "my profile",
        createTable: true,
      },
    ],
    ["dynamodb://jobs?create-table=false", { table: "jobs", prefix: "" }],
  ])("%s is read", (url, expected) => {
    expect(parseDynamoDbLocation(url)).toEqual({ ...MORE, ...expected });
  });

  test.each([
    ["dynamodb://jobs?regoin=x", '"regoin"'],
    ["dynamodb://jobs?region=a&region=b", 'parameter "region" twice'],
    ["dynamodb://jobs?region=", 'parameter "region" is empty'],
    ["dynamodb://jobs?region=EU!", '"EU!" is no region'],
    ["dynamodb://jobs?create-table=yes", '"create-table" is neither true nor false'],
    ["dynamodb://jobs?endpoint=ftp://x", "endpoint is no http"],
    ["dynamodb://ab", '"ab" is no name of a table'],
    [`dynamodb://${"a".repeat(256)}`, "is no name of a table"],
    ["dynamodb:///prefix", '"" is no name of a table'],
    ["dynamodb://jobs/a//b", '"a//b" is no prefix'],
    ["dynamodb://jobs/../b", '"../b" is no prefix'],
    ["dynamodb://jobs/a#b", "does not read dynamodb://"],
    [`dynamodb://jobs/${"a".repeat(513)}`, "is no prefix"],
    ["dynamodb:jobs", "does not read dynamodb://"],
  ])("%s is refused, and why is said", (url, reason) => {
    expect(() => parseDynamoDbLocation(url)).toThrow(reason);
    expect(() => parseDynamoDbLocation(url)).toThrow("[bad-usage]");
  });

  test.each(["dynamodb://me:secret@jobs/p", "dynamodb://jobs?endpoint=https://me:secret@host"])(
    "no password of a URL is ever repeated",
    (url) => {
      expect(() => parseDynamoDbLocation(url)).toThrow("[bad-usage]");
      expect(() => parseDynamoDbLocation(url)).not.toThrow("secret");
    },
  );
});
