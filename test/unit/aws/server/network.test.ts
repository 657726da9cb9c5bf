import { Network } from "../../../../lib";
import { backup } from "../../../support/backup";
import { only } from "../../../support/stack";

test("by default no network is made, and nothing said of the default VPC", () => {
  const { resource } = backup({});
  expect(resource.aws_vpc).toBeUndefined();
  expect(only(resource, "aws_security_group")).not.toHaveProperty("vpc_id");
  expect(only(resource, "aws_instance")).not.toHaveProperty("subnet_id");
});

test("a VPC of its own has one public subnet, and its default group opens nothing", () => {
  const { resource } = backup({
    network: Network.own("10.25.0.16/28", { availabilityZone: "eu-central-1a" }),
  });
  const id = (type: string) => `\${${type}.${Object.keys(resource[type])[0]}.id}`;
  expect(only(resource, "aws_vpc").cidr_block).toBe("10.25.0.16/28");
  expect(only(resource, "aws_subnet")).toMatchObject({
    vpc_id: id("aws_vpc"),
    cidr_block: "10.25.0.16/28",
    availability_zone: "eu-central-1a",
  });
  expect(only(resource, "aws_route")).toMatchObject({
    destination_cidr_block: "0.0.0.0/0",
    gateway_id: id("aws_internet_gateway"),
  });
  expect(only(resource, "aws_default_security_group")).not.toHaveProperty("ingress");
  expect(only(resource, "aws_security_group").vpc_id).toBe(id("aws_vpc"));
  const instance = only(resource, "aws_instance");
  expect(instance.subnet_id).toBe(id("aws_subnet"));
  // Its first packages come over that way.
  expect(instance.depends_on).toEqual(
    expect.arrayContaining([
      `aws_route.${Object.keys(resource.aws_route)[0]}`,
      `aws_route_table_association.${Object.keys(resource.aws_route_table_association)[0]}`,
    ]),
  );
});

test.each<[string, () => Network, string]>([
  [
    "a block that is too small",
    () => Network.own("10.25.0.0/29"),
    'network.cidr "10.25.0.0/29" is not the CIDR block of a VPC; give a network from /16 to /28',
  ],
  ["an address", () => Network.own("10.25.0.1/28"), 'network.cidr "10.25.0.1/28" is not the CIDR'],
  ["an octet of 256", () => Network.own("10.256.0.0/28"), 'network.cidr "10.256.0.0/28" is not'],
  [
    "a block that is too large",
    () => Network.own("10.0.0.0/8"),
    'network.cidr "10.0.0.0/8" is not',
  ],
  [
    "a region",
    () => Network.defaultVpc({ availabilityZone: "eu-central-1" }),
    'network.availabilityZone "eu-central-1" is not the name of a zone',
  ],
  [
    "a region for a VPC of its own",
    () => Network.own("10.25.0.0/28", { availabilityZone: "eu-central-1" }),
    'network.availabilityZone "eu-central-1" is not the name of a zone',
  ],
])("%s is refused", (_, network, message) => {
  expect(network).toThrow(message);
});

test.each(["us-east-1f", "us-gov-west-1a", "us-west-2-lax-1a"])(
  "%s is a zone",
  (availabilityZone) => {
    expect(() => Network.defaultVpc({ availabilityZone })).not.toThrow();
  },
);
