import { Firewall } from "../../../../lib/aws/server/firewall";
import { newStack, only, synthesize } from "../../../support/stack";

interface Rule {
  ip_protocol: string;
  from_port: number;
  to_port: number;
  cidr_ipv4?: string;
  cidr_ipv6?: string;
  security_group_id: string;
}

function build(change: (firewall: Firewall) => void = () => {}, vpcId?: string) {
  const stack = newStack();
  change(new Firewall(stack, "Firewall", { name: "mx2.example.net", vpcId }));
  const { resource } = synthesize(stack);
  const rules = (direction: string): Rule[] =>
    Object.values(resource[`aws_vpc_security_group_${direction}_rule`]);
  return {
    group: only(resource, "aws_security_group"),
    rules,
    /** Which ports are open to where, such as "25 ::/0". */
    open: (direction: string) =>
      rules(direction)
        .map(({ from_port, cidr_ipv4, cidr_ipv6 }) => `${from_port} ${cidr_ipv4 ?? cidr_ipv6}`)
        .sort(),
  };
}

/** Mail comes in over both protocols; nothing goes out over IPv6 unless told. */
const IN = ["25 0.0.0.0/0", "25 ::/0"];
const everywhere = (...ports: number[]) => ports.map((port) => `${port} 0.0.0.0/0`).sort();

describe("the firewall", () => {
  test("lets in mail and nothing else", () => {
    expect(build().open("ingress")).toEqual(IN);
  });

  test("lets out mail, HTTP and HTTPS", () => {
    expect(build().open("egress")).toEqual(everywhere(25, 80, 443));
  });

  test("lets out to one more port, once", () => {
    const { open } = build((firewall) => {
      firewall.allowOut(2525, "Mail to the primaries");
      firewall.allowOut(2525, "Mail to the primaries");
      firewall.allowOut(25, "Mail to the primaries");
    });
    expect(open("egress")).toEqual(everywhere(25, 80, 443, 2525));
    expect(open("ingress")).toEqual(IN);
  });

  test("lets out questions to name servers for those who ask themselves, once", () => {
    const { rules } = build((firewall) => {
      firewall.allowDns();
      firewall.allowDns();
    });
    const dns = rules("egress").filter(({ from_port }) => from_port === 53);
    expect(dns.map(({ ip_protocol, to_port }) => `${ip_protocol} ${to_port}`).sort()).toEqual([
      "tcp 53",
      "udp 53",
    ]);
  });

  test("has rules for one port of TCP each, in its own group", () => {
    const { rules } = build();
    for (const rule of [...rules("ingress"), ...rules("egress")]) {
      expect(rule.ip_protocol).toBe("tcp");
      expect(rule.to_port).toBe(rule.from_port);
      expect(rule.security_group_id).toMatch(/^\$\{aws_security_group\.\w+\.id\}$/);
    }
  });

  // AWS takes nothing but these characters, and Terraform does not check them.
  test("describes everything in ASCII", () => {
    const { rules, group } = build();
    for (const { description } of [group, ...rules("ingress"), ...rules("egress")]) {
      expect(description).toMatch(/^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/);
    }
  });

  test("is replaced without leaving the instance without one", () => {
    const { group } = build();
    expect(group.lifecycle).toEqual({ create_before_destroy: true });
    // Two groups that exist side by side cannot have the same name.
    expect(group.name).toBeUndefined();
    expect(group.name_prefix).toBe("backup-mx-");
  });

  test("stands in the VPC that it is told, or in the default one", () => {
    expect(build(undefined, "vpc-0123456789abcdef0").group.vpc_id).toBe("vpc-0123456789abcdef0");
    expect(build().group.vpc_id).toBeUndefined();
  });
});
