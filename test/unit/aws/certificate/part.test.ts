import { inPython, refusals } from "../../../support/part";
import { describeWith, program } from "../../../support/requirements";

const SERVER = "https://acme-v02.api.letsencrypt.org/directory";

describeWith(
  [program("python3", "python3"), program("openssl", "openssl")],
  "the certificate of a host",
  () => {
    test("comes from a server, which may know an address, and from nothing else", () => {
      const good = [
        { server: SERVER, email: "" },
        { server: SERVER, email: "ops+mx@example.com" },
        { server: "https://[fd00::1]:14000/dir", email: "" },
        null,
      ];
      const servers = [
        "http://acme.example/directory",
        "https://acme.example",
        `${SERVER}\nrun-hook = reboot`,
        `${SERVER}\n`,
        `${SERVER} --manual-auth-hook=reboot`,
        `${SERVER}#`,
        "[https://acme.example/directory]",
        "",
        null,
      ];
      const emails = [
        "ops",
        "-m@example.com",
        "a@b.example\nmanual-auth-hook = reboot",
        "a@b.example\n",
        "a b@example.com",
        "[a@b.example]",
        null,
      ];
      expect(
        refusals("aws/certificate/certificate", [
          ...good,
          ...servers.map((server) => ({ server, email: "" })),
          ...emails.map((email) => ({ server: SERVER, email })),
          { server: SERVER },
          { server: SERVER, email: "", "manual-auth-hook": "reboot" },
        ]),
      ).toEqual([
        ...good.map(() => null),
        ...servers.map(() =>
          expect.stringMatching(/^has a server for its certificate that is not the URL of one: /),
        ),
        ...emails.map(() =>
          expect.stringMatching(/^has an email for its certificate that is not an address: /),
        ),
        "has a certificate without server and email",
        "has a certificate without server and email",
      ]);
    });

    /** Takes sections one after the other, and tells what is there after each. */
    const taken = (sections: unknown[], live = false) =>
      inPython<{ certbot: string | null; used: string | null; mode: string | null }[]>(
        ["aws/certificate"],
        `
import certificate, host, os, pathlib, tempfile
run = host.run
host.run = lambda *command: "" if command[0] == "systemctl" else run(*command)
read = lambda path: pathlib.Path(path).read_text() if os.path.exists(path) else None
result = []
with tempfile.TemporaryDirectory() as folder:
    certificate.CERTBOT, certificate.USED, certificate.LIVE = (f"{folder}/{name}" for name in ("ini", "pem", "live"))
    if given["live"]:
        host.write(f"{folder}/live/privkey.pem", "KEY\\n")
        host.write(f"{folder}/live/fullchain.pem", "CHAIN\\n")
    for section in given["sections"]:
        certificate.take(section, {"hostname": "mx2.example.com"})
        certificate.keep(section, {"hostname": "mx2.example.com"})
        mode = oct(os.stat(certificate.USED).st_mode & 0o777) if os.path.exists(certificate.USED) else None
        result.append({"certbot": read(certificate.CERTBOT), "used": read(certificate.USED), "mode": mode})
`,
        { sections, live },
      );

    test("is told to certbot, and until it comes one signed by itself serves", () => {
      const [first, second, none] = taken([
        { server: SERVER, email: "" },
        { server: SERVER, email: "ops@example.com" },
        null,
      ]);
      expect(first.certbot).toContain(
        `\nserver = ${SERVER}\nregister-unsafely-without-email = true\n`,
      );
      expect(first.certbot).toContain("\ndomains = mx2.example.com\n");
      expect(first.used).toMatch(/^-----BEGIN PRIVATE KEY-----[\s\S]*-----BEGIN CERTIFICATE-----/);
      expect(first.mode).toBe("0o600");
      expect(second.certbot).toContain("\nemail = ops@example.com\n");
      // The same one: nobody is told of another without need.
      expect(second.used).toBe(first.used);
      expect(none).toEqual({ certbot: null, used: null, mode: null });
    });

    test("is the one on the disk of the queue, if there is one", () => {
      const [{ used }] = taken([{ server: SERVER, email: "" }], true);
      expect(used).toBe("KEY\nCHAIN\n");
    });
  },
);
