import { writeFileSync } from "node:fs";
import { Testing } from "cdktf";
import { parse } from "yaml";
import {
  DebianImage,
  deployedHost,
  type Execution,
  execute,
  type MountNamespace,
  program,
  root,
} from "../../lab";
import { BackupMx, type BackupMxProps } from "../../lib";
import { DEFAULTS, EVERYTHING } from "../support/props";
import { describeWith } from "../support/requirements";
import { newStack } from "../support/stack";

const DOCUMENT = "/root/user-data";
const READ_YAML = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";

function userDataOf(props: BackupMxProps): string {
  const stack = newStack();
  new BackupMx(stack, "Mx2", props);
  return deployedHost(JSON.parse(Testing.synth(stack)), {
    publicAddress: "203.0.113.7",
    bucket: "bucket.s3.eu-central-1.amazonaws.com",
  }).userData;
}

// The schema of Debian 12 takes every top-level key; that of Debian 13 knows what is deprecated.
describeWith([root, program("mmdebstrap", "mmdebstrap")], "the cloud-init of Debian 13", () => {
  let image: DebianImage;
  let namespace: MountNamespace;

  beforeAll(async () => {
    image = await DebianImage.build("trixie");
    namespace = await image.unpack();
  });
  afterAll(() => image?.remove());

  function run(document: string, ...command: string[]): Promise<Execution> {
    writeFileSync(namespace.path(image.root + DOCUMENT), document);
    return execute(namespace.command("chroot", image.root, ...command, DOCUMENT));
  }
  const validate = (document: string) => run(document, "cloud-init", "schema", "--config-file");

  /** Valid, and with no word about anything deprecated. */
  const VALID = { stdout: `Valid schema ${DOCUMENT}\n`, stderr: "", exitCode: 0 };

  test.each([
    ["defaults", DEFAULTS],
    ["everything", EVERYTHING],
  ])("has no complaint about user data by %s", async (_, props) => {
    expect(await validate(userDataOf(props))).toEqual(VALID);
  });

  // It reads YAML 1.1, and we write with a library that knows 1.2 better.
  test("reads what was written", async () => {
    const userData = userDataOf(EVERYTHING);
    const { stdout } = await run(userData, "python3", "-c", READ_YAML);
    expect(JSON.parse(stdout)).toEqual(parse(userData));
  });

  // What proves that the silence above means something.
  test.each([
    ["an unknown key", "runcmds: [[/bin/true]]"],
    ["a key that is deprecated", "apt_update: true"],
    ["another type", "write_files: /etc/file"],
    ["a number for permissions", "write_files: [{ path: /etc/file, permissions: 0755 }]"],
    ["YAML that cannot be read", "write_files: ["],
  ])("would complain about %s", async (_, mistake) => {
    expect(await validate("#cloud-config\nruncmd: [[/bin/true]]\n")).toEqual(VALID);
    expect(await validate(`#cloud-config\n${mistake}\n`)).not.toEqual(VALID);
  });
});
