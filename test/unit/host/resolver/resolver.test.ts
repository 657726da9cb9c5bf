import { inPython, refusals } from "../../../support/part";
import { describeWith, program } from "../../../support/requirements";

const MODULE = "host/resolver/resolver";
const HERE = 'part.UNBOUND = "/tmp/backup-mx.conf"';

describeWith([program("python3", "python3")], "the resolver of a host", () => {
  const section = (zone: unknown, privateResolver: unknown = "169.254.169.253") => ({
    privateZones: [zone],
    privateResolver,
  });

  test("asks another one about private zones", () => {
    const settings = inPython(
      ["host/resolver"],
      "import resolver\nresult = resolver.settings(given)",
      section("corp.example"),
    );
    expect(settings).toBe(
      [
        "server:",
        " do-ip6: no",
        ' domain-insecure: "corp.example"',
        "forward-zone:",
        ' name: "corp.example"',
        " forward-addr: 169.254.169.253\n",
      ].join("\n"),
    );
  });

  test("takes domain names and an address, and nothing else", () => {
    const zones = ["corp.example", "example", "_x.Example", "10.in-addr.arpa", "a-b.example"];
    const noZones = [
      'a"\n include: "/etc/shadow',
      "a b",
      "",
      ".",
      "a..b",
      "-a",
      "a\n",
      "ä.example",
      5,
    ];
    const noAddresses = ["::1", "169.254.169.253@53", "localhost", "1.2.3.4\n", "", 16909060, null];
    expect(
      refusals(
        MODULE,
        [
          null,
          { privateZones: [], privateResolver: "169.254.169.253" },
          ...zones.map((zone) => section(zone)),
          ...noZones.map((zone) => section(zone)),
          ...noAddresses.map((address) => section("corp.example", address)),
          { ...section("corp.example"), more: "" },
          { privateZones: "corp.example", privateResolver: "169.254.169.253" },
        ],
        HERE,
      ),
    ).toEqual([
      null,
      null,
      ...zones.map(() => null),
      ...noZones.map(() =>
        expect.stringMatching(/^has a private zone .* that is not a domain name$/),
      ),
      ...noAddresses.map(() =>
        expect.stringMatching(/^has a private resolver .* that is not an IPv4 address$/),
      ),
      "has a resolver without privateZones and privateResolver",
      "has a resolver without privateZones and privateResolver",
    ]);
  });

  test("is refused where there is none", () => {
    expect(refusals(MODULE, [section("corp.example")], 'part.UNBOUND = "/none/x"')).toEqual([
      "asks for a resolver of its own, which this host does not have",
    ]);
  });

  describe("when it is taken", () => {
    /** Takes it where a resolver answers with this byte, and tells what was run and what was written. */
    const taken = (answer: number | null, resolv: string | null) =>
      inPython<{ ran: string[]; resolv: string | null; error: string | null }>(
        ["host/resolver"],
        `
import host, os, pathlib, resolver, tempfile, unittest.mock
ran = []
run = lambda *command: ran.append(" ".join(command)) or ""
class Socket:
    def __init__(self, *_): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def settimeout(self, seconds): pass
    def connect(self, address): ran.append(f"ask {address[0]}")
    def send(self, question): pass
    def recv(self, size):
        if given["answer"] is None: raise TimeoutError("timed out")
        return bytes([0, 1, 0x81, given["answer"]])
with tempfile.TemporaryDirectory() as folder, unittest.mock.patch("host.run", run), \\
        unittest.mock.patch("host.succeeds", run), unittest.mock.patch("socket.socket", Socket):
    resolver.UNBOUND, resolver.RESOLV = f"{folder}/unbound.conf", f"{folder}/resolv.conf"
    if given["resolv"] is not None:
        host.write(resolver.RESOLV, given["resolv"])
        host.write(resolver.UNBOUND, resolver.settings(given["section"]))
    error = None
    try:
        resolver.take(given["section"], {})
    except RuntimeError as problem:
        error = str(problem)
    found = pathlib.Path(resolver.RESOLV).read_text() if os.path.exists(resolver.RESOLV) else None
result = {"ran": ran, "resolv": found, "error": error}
`,
        { answer, resolv, section: section("corp.example") },
      );
    const OWN = "nameserver 127.0.0.1\noptions trust-ad\n";

    test("is asked by the host once it validates", () => {
      const { ran, resolv, error } = taken(0xa0, null);
      expect([resolv, error]).toEqual([OWN, null]);
      expect(ran.slice(0, 3)).toEqual([
        "systemctl enable --quiet unbound",
        "systemctl reload-or-restart unbound",
        "ask 127.0.0.1",
      ]);
      expect(ran).toContain("systemctl mask --quiet --now systemd-resolved");
    });

    test.each([0x80, 0xa2, 0xa3, null])("is not asked while it answers %p", (answer) => {
      expect(taken(answer, "nameserver 198.51.100.53\n")).toMatchObject({
        resolv: "nameserver 198.51.100.53\n",
        error: "unbound does not validate the root; can it send to port 53?",
      });
    });

    test("is left alone where all is as it should be", () => {
      expect(taken(null, OWN)).toEqual({ ran: [], resolv: OWN, error: null });
    });
  });
});
