// The stores of tests lie in temporary folders, which `spotproof run` refuses otherwise.
process.env["SPOTPROOF_ALLOW_VOLATILE_STORE"] = "1";
