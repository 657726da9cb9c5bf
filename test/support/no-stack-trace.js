/**
 * CDK for Terraform notes the stack of each token, for messages that no test reads; under Jest that
 * takes half of the time of a synthesis.
 */
exports.captureStackTrace = () => [];
