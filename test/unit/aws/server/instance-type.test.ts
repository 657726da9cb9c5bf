import { architecture } from "../../../../lib/aws/server/instance-type";

describe("the processor of an instance type", () => {
  test.each([
    ["t4g.small", "arm64"],
    ["m8g.medium", "arm64"],
    ["m6gd.metal", "arm64"],
    ["c7gn.16xlarge", "arm64"],
    ["x2gd.medium", "arm64"],
    ["g5g.xlarge", "arm64"],
    ["im4gn.large", "arm64"],
    ["is4gen.medium", "arm64"],
    ["hpc7g.4xlarge", "arm64"],
    ["a1.medium", "arm64"],
    ["t3.small", "amd64"],
    ["t3a.small", "amd64"],
    ["t2.nano", "amd64"],
    ["m7i-flex.large", "amd64"],
    ["c7a.metal-48xl", "amd64"],
    ["g5.xlarge", "amd64"],
    ["g4dn.metal", "amd64"],
    ["gr6.4xlarge", "amd64"],
    ["r7iz.large", "amd64"],
    ["x2iedn.xlarge", "amd64"],
    ["u-6tb1.metal", "amd64"],
    ["u7i-12tb.224xlarge", "amd64"],
    ["p5.48xlarge", "amd64"],
    ["p6-b200.48xlarge", "amd64"],
  ])("%s: %s", (instanceType, expected) => {
    expect(architecture("instanceType", instanceType)).toBe(expected);
  });

  test.each([
    [""],
    ["small"],
    ["t4g"],
    ["t4g."],
    [".small"],
    ["t4g small"],
    ["T4G.small"],
    ["t4g.small "],
    ["t4g.small\n"],
    ["t4g..small"],
    ["t4g.small.large"],
    ["tg.small"],
    ["t4g_small"],
    ["cache.t4g.small"],
  ])("%j is not an instance type", (instanceType) => {
    expect(() => architecture("instanceType", instanceType)).toThrow(
      /^instanceType ".*" is not an instance type; give one such as "t4g\.small"$/,
    );
  });

  test("cannot be told from one that is known at deploy time only", () => {
    expect(() => architecture("instanceType", `\${TfToken[TOKEN.1]}`)).toThrow(
      /^instanceType ".*" is not known before deployment, .*; set amiId as well$/,
    );
  });
});
