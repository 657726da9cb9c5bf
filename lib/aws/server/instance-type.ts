import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";

/** The processor of an instance type, in the words of Debian. */
export type Architecture = "arm64" | "amd64";

// Family letters, generation, attributes, and behind the dot the size: t4g.small, m7i-flex.large.
const FORM = /^([a-z]+(?:-[a-z0-9]+)?)([0-9]+)([a-z]*)(-[a-z0-9]+)*\.([a-z0-9]+(?:-[a-z0-9]+)*)$/;

/**
 * The architecture of an instance type.
 *
 * @throws if it does not have the form of an instance type
 */
export function architecture(prop: string, instanceType: string): Architecture {
  const form = FORM.exec(instanceType);
  if (isDeferred(instanceType) || form === null) {
    throw badInput(
      prop,
      instanceType,
      isDeferred(instanceType)
        ? "is not known before deployment, so neither is its processor; set amiId as well"
        : 'is not an instance type; give one such as "t4g.small"',
    );
  }
  const [, family, , attributes] = form;
  // The g behind the generation is Graviton (t4g, im4gn); the family g has GPUs.
  return family === "a" || attributes.includes("g") ? "arm64" : "amd64";
}

/** Whether the instance type has a way of its own to its volumes, as all but the oldest do. */
export function isEbsOptimized(instanceType: string): boolean {
  return (
    !isDeferred(instanceType) && !/^(t[12]|[cgmr][123]|i2|cc2|cr1|hi1|hs1)\./.test(instanceType)
  );
}
