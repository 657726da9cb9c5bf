import { Network } from "../../../../lib";
import type { MailServerProps } from "../../../../lib/aws/server/mail-server";
import { server } from "../../../support/server";
import { only } from "../../../support/stack";

const HOSTNAME = "mx2.example.net";
const AMI = "ami-0123456789abcdef0";
const SUBNET = "subnet-0123456789abcdef0";
const VPC = "vpc-0123456789abcdef0";

function build(props: MailServerProps = {}) {
  const json = server(HOSTNAME, props);
  return { json, instance: only(json.resource, "aws_instance") };
}

describe("the instance", () => {
  test("answers questions about itself to nobody who cannot ask twice", () => {
    expect(build().instance.metadata_options).toEqual({
      http_endpoint: "enabled",
      http_tokens: "required",
      http_put_response_hop_limit: 1,
    });
  });

  test("has an encrypted disk", () => {
    expect(build().instance.root_block_device).toMatchObject({
      encrypted: true,
      volume_type: "gp3",
      volume_size: 10,
    });
    expect(build({ volumeSize: 100 }).instance.root_block_device.volume_size).toBe(100);
  });

  test("is not replaced for a newer image, but for other user data", () => {
    const { instance } = build();
    expect(instance.lifecycle).toEqual({ ignore_changes: ["ami", "availability_zone"] });
    expect(instance.user_data_replace_on_change).toBe(true);
  });

  // With the fixed address, every plan would want to replace the instance.
  test("does not say whether it has a public address", () => {
    expect(build().instance).not.toHaveProperty("associate_public_ip_address");
  });

  test("is behind its address and its firewall", () => {
    const { json, instance } = build();
    const [association] = Object.values<Record<string, string>>(json.resource.aws_eip_association);
    expect(association.instance_id).toMatch(/^\$\{aws_instance\.\w+\.id\}$/);
    expect(association.allocation_id).toMatch(/^\$\{aws_eip\.\w+\.id\}$/);
    expect(instance.vpc_security_group_ids).toEqual([
      expect.stringMatching(/^\$\{aws_security_group\.\w+\.id\}$/),
    ]);
  });

  test("and all that has tags is called like the host", () => {
    const { json, instance } = build();
    for (const type of ["aws_eip", "aws_security_group", "aws_instance"]) {
      expect(only(json.resource, type).tags).toEqual({ Name: HOSTNAME });
    }
    expect(instance.root_block_device.tags).toEqual({ Name: HOSTNAME });
  });
});

describe("the image", () => {
  const parameter = (props: MailServerProps) =>
    only(build(props).json.data, "aws_ssm_parameter").name;

  test("is the newest Debian 13 for the processor", () => {
    expect(parameter({})).toBe("/aws/service/debian/release/13/latest/arm64");
    expect(parameter({ instanceType: "t3.small" })).toBe(
      "/aws/service/debian/release/13/latest/amd64",
    );
    expect(build().instance.ami).toMatch(/^\$\{data\.aws_ssm_parameter\.\w+\.insecure_value\}$/);
  });

  test("can be given: then nothing is looked up", () => {
    const { json, instance } = build({ amiId: AMI });
    expect(instance.ami).toBe(AMI);
    expect(json.data).not.toHaveProperty("aws_ssm_parameter");
  });

  test("must be given where the instance type is known at deploy time only", () => {
    const instanceType = `\${TfToken[TOKEN.1]}`;
    expect(() => build({ instanceType })).toThrow(/set amiId as well$/);
    expect(() => build({ instanceType: "t4g", amiId: AMI })).toThrow(/is not an instance type/);
  });
});

describe("the network", () => {
  test("is the default one", () => {
    const { json, instance } = build();
    expect(instance.subnet_id).toBeUndefined();
    expect(only(json.resource, "aws_security_group").vpc_id).toBeUndefined();
    expect(json.data.aws_subnet).toBeUndefined();
  });

  test("can be a subnet, whose VPC is looked up", () => {
    const { json, instance } = build({ network: Network.subnet(SUBNET) });
    expect(instance.subnet_id).toBe(SUBNET);
    expect(only(json.data, "aws_subnet").id).toBe(SUBNET);
    expect(only(json.resource, "aws_security_group").vpc_id).toMatch(
      /^\$\{data\.aws_subnet\.\w+\.vpc_id\}$/,
    );
  });

  test("can be a subnet and its VPC; its zone is looked up all the same", () => {
    const { json } = build({ network: Network.subnet(SUBNET, { vpcId: VPC }), amiId: AMI });
    expect(only(json.resource, "aws_security_group").vpc_id).toBe(VPC);
    expect(only(json.data, "aws_subnet").id).toBe(SUBNET);
  });
});

describe("user data", () => {
  test("are plain text, readable in what is synthesized, in the plan and in the console", () => {
    const { json, instance } = build();
    expect(instance.user_data).toBe(`#cloud-config\necho: $\${x}\n`);
    expect(instance).not.toHaveProperty("user_data_base64");
    // The only local values are the programs and the configuration.
    expect(Object.keys(json.locals)).toHaveLength(2);
  });
});
