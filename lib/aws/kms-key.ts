import { badInput } from "../input/bad-input";
import { isDeferred } from "../input/deferred-value";

/**
 * The ARN of a KMS key. An id or alias would work as well, but come back as ARN: every plan would
 * show a change.
 *
 * @throws if it is not one
 */
export function kmsKeyArn(value?: string, prop = "kmsKeyArn"): string | undefined {
  if (
    value !== undefined &&
    !isDeferred(value) &&
    !/^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[a-zA-Z0-9-]+$/.test(value)
  ) {
    throw badInput(
      prop,
      value,
      'is not the ARN of a key; give one such as "arn:aws:kms:eu-central-1:111122223333:key/…"',
    );
  }
  return value;
}
