import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Testing } from "cdktf";
import {
  BackupMx,
  type BackupMxDomain,
  type BackupMxProps,
  Network,
  PrimaryTls,
  RecipientVerification,
} from "../../lib";
import { ZONE } from "../support/props";
import { newStack } from "../support/stack";

// That twice as many domains are twice the work. Work is counted, not timed: how often anything of a
// domain is read, in the props or in what the library makes of them. bench/synth.ts measures the time.

let reads = 0;

/** The value, in which whatever is read is counted. */
function counted<T>(value: T): T {
  return typeof value !== "object" || value === null
    ? value
    : (new Proxy(value, {
        get(target, property) {
          reads++;
          return counted(Reflect.get(target, property));
        },
      }) as T);
}

jest.mock("../../lib/mail/mail-domain", () => {
  const actual = jest.requireActual("../../lib/mail/mail-domain");
  return {
    ...actual,
    mailDomain: (...args: unknown[]) => counted(actual.mailDomain(...args)),
  };
});

const domain = (index: number): BackupMxDomain => ({
  name: `d${index}.example.com`,
  primaries: [{ hostname: `mx1.d${index}.example.com` }],
});

const CASES: {
  readonly [what: string]: {
    readonly of?: Partial<BackupMxDomain>;
    readonly backup?: (stack: ReturnType<typeof newStack>) => Partial<BackupMxProps>;
  };
} = {
  "without zones": {},
  "with zones": { of: { zone: ZONE } },
  "whose every recipient is accepted": { of: { recipients: RecipientVerification.none() } },
  "whose primaries have a policy of encryption": {
    of: {
      primaries: [1, 2].map((n) => ({ hostname: `mx${n}.example.com`, tls: PrimaryTls.verify() })),
    },
  },
  "on two hosts": {
    backup: () => ({
      nodes: [
        {
          hostname: "mx3.example.net",
          network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
        },
      ],
    }),
  },
  "on two hosts, one of them in another region": {
    backup: (stack) => ({
      nodes: [
        {
          hostname: "mx3.example.net",
          provider: new AwsProvider(stack, "Elsewhere", {
            alias: "elsewhere",
            region: "eu-west-1",
          }),
        },
      ],
    }),
  },
};

describe.each(Object.entries(CASES))("domains %s", (_, { of = {}, backup = () => ({}) }) => {
  const build = (count: number) => {
    const stack = newStack();
    const mx = new BackupMx(stack, "Mx2", {
      hostname: "mx2.example.net",
      domains: Array.from({ length: count }, (_, index) =>
        counted({
          ...domain(index),
          recipients: RecipientVerification.listThenCallOut([`info@d${index}.example.com`]),
          ...of,
        }),
      ),
      ...backup(stack),
    });
    return { stack, mx };
  };

  test("are twice the work when they are twice as many", () => {
    const work = (count: number) => {
      reads = 0;
      const { stack, mx } = build(count);
      Testing.synth(stack);
      expect(mx.mxRecords).toHaveLength(count);
      return reads;
    };
    const [few, more, many] = [50, 100, 200].map(work);
    expect(few).toBeGreaterThan(50 * 10);
    expect(many - more).toBe(2 * (more - few));
  });
});

test("domains without zones are no constructs, each of which CDK for Terraform looks at many times", () => {
  const constructs = (count: number) => {
    const stack = newStack();
    new BackupMx(stack, "Mx2", {
      hostname: "mx2.example.net",
      domains: Array.from({ length: count }, (_, index) => domain(index)),
    });
    return stack.node.findAll().length;
  };
  expect(constructs(100)).toBe(constructs(1));
});
