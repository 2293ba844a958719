// No test may ask the real metadata address of the machine that it happens to run on.
process.env["AWS_EC2_METADATA_DISABLED"] = "true";
delete process.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"];
