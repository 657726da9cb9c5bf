import { DebianImage, Machine, Network, PackageMirror, program, root } from "../../lab";
import { describeWith } from "../support/requirements";

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("mmdebstrap", "mmdebstrap"),
    program("socat", "socat"),
    program("systemd-nspawn", "systemd-container"),
  ],
  "a machine of the lab",
  () => {
    const machines: Machine[] = [];
    let network: Network;
    let image: DebianImage;
    let mirror: PackageMirror;

    const boot = async (name: string, address: string, commands: string) => {
      const machine = await Machine.boot({
        image,
        host: network.addHost(name, `${address}/24`),
        hostname: `${name}.example.net`,
        userData: `#cloud-config\nruncmd:\n${commands}`,
        nameserver: "198.51.100.53",
        proxy: mirror.url,
      });
      machines.push(machine);
      return machine;
    };

    beforeAll(async () => {
      network = new Network();
      image = await DebianImage.build("trixie");
      mirror = await PackageMirror.open(network.addHost("mirror", "198.51.100.99/24"));
    });

    afterAll(async () => {
      await Promise.all(machines.map((machine) => machine.remove()));
      await mirror?.close();
      await image?.remove();
      network?.remove();
    });

    test("installs packages as its user data says, and keeps it when rebooted or killed", async () => {
      const machine = await boot(
        "mx2",
        "198.51.100.25",
        `- [sh, -euc, "export DEBIAN_FRONTEND=noninteractive;
            echo postfix postfix/main_mailer_type select No configuration | debconf-set-selections;
            apt-get update; apt-get install -y postfix; touch /var/lib/done"]\n`,
      );
      const ok = { exitCode: 0, status: "done", errors: [], warnings: [] };
      expect(await machine.cloudInit()).toEqual(ok);
      expect((await machine.run("ls", "/var/lib/done", "/usr/sbin/postfix")).exitCode).toBe(0);
      expect((await machine.run("hostname")).stdout).toBe("mx2\n");

      await machine.reboot();
      expect(await machine.cloudInit()).toEqual(ok);
      await machine.run("touch", "/var/lib/kept");
      await machine.pullThePlug();
      await machine.start();
      expect(await machine.cloudInit()).toEqual(ok);
      expect((await machine.run("ls", "/var/lib/kept")).exitCode).toBe(0);
      await machine.powerOff();
    });

    test("shows a step of the user data that failed", async () => {
      const machine = await boot("mx3", "198.51.100.26", "- [sh, -c, exit 3]\n");
      const verdict = await machine.cloudInit();
      expect(verdict.exitCode).not.toBe(0);
      expect(verdict.errors.join()).toMatch(/runcmd/);
    });
  },
);
