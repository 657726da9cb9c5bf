import {
  type MailDomainProps,
  mailDomain,
  mailExchanges,
  nexthop,
} from "../../../lib/mail/mail-domain";

const BACKUP = "mx2.example.net";
const MX1 = { hostname: "mx1.example.com" };
const read = (props: Partial<MailDomainProps>) =>
  mailDomain("domains[0]", { name: "example.com", primaries: [MX1], ...props }, BACKUP);

describe("a domain", () => {
  test("has defaults for everything but its name and its primary", () => {
    expect(read({})).toMatchObject({
      name: "example.com",
      primaries: [{ hostname: "mx1.example.com", preference: 10, port: 25, address: undefined }],
      backupPreference: 20,
      recipients: { acceptsAll: false },
    });
  });

  test("is kept in its normal spelling", () => {
    const domain = read({ name: "MÜNCHEN.de.", primaries: [{ hostname: "MX1.münchen.DE." }] });
    expect(domain.name).toBe("xn--mnchen-3ya.de");
    expect(domain.primaries[0].hostname).toBe("mx1.xn--mnchen-3ya.de");
  });

  test("has its primaries in the order of their preference, and the backup last", () => {
    const domain = read({
      primaries: [
        { hostname: "mx9.example.com", preference: 90 },
        { hostname: "mx0.example.com", preference: 0 },
        { hostname: "mx1.example.com", preference: 10 },
        { hostname: "mx1b.example.com", preference: 10 },
      ],
    });
    expect(mailExchanges(domain, BACKUP)).toEqual([
      { preference: 0, hostname: "mx0.example.com" },
      { preference: 10, hostname: "mx1.example.com" },
      { preference: 10, hostname: "mx1b.example.com" },
      { preference: 90, hostname: "mx9.example.com" },
      { preference: 100, hostname: BACKUP },
    ]);
  });

  test("needs a primary", () => {
    expect(() => read({ primaries: [] })).toThrow(
      /^domains\[0\]\.primaries is empty; name the mail servers of example\.com/,
    );
  });

  test("does not have the backup among its primaries, in no spelling", () => {
    for (const hostname of [BACKUP, "MX2.Example.NET."]) {
      expect(() => read({ primaries: [MX1, { hostname }] })).toThrow(
        /^domains\[0\]\.primaries\[1\]\.hostname "mx2\.example\.net" is the backup itself; name only/,
      );
    }
  });

  test("has each primary once", () => {
    expect(() =>
      read({ primaries: [MX1, { hostname: "MX1.example.com.", preference: 20 }] }),
    ).toThrow(
      /^domains\[0\]\.primaries\[1\]\.hostname "mx1\.example\.com" is listed twice; name it once$/,
    );
  });

  test("publishes a primary that listens on two ports once: an MX set has no duplicates", () => {
    const domain = read({ primaries: [MX1, { ...MX1, port: 2525 }] });
    expect(nexthop(domain)).toBe("[mx1.example.com]:25, [mx1.example.com]:2525");
    expect(mailExchanges(domain, BACKUP)).toEqual([
      { preference: 10, hostname: "mx1.example.com" },
      { preference: 20, hostname: BACKUP },
    ]);
  });
});

describe("the preference of the backup", () => {
  const primaries = [
    { hostname: "mx1.example.com", preference: 5 },
    { hostname: "mx3.example.com", preference: 50 },
  ];

  test("is ten more than the highest", () => {
    expect(read({ primaries }).backupPreference).toBe(60);
  });

  test("can be given", () => {
    expect(read({ primaries, backupPreference: 51 }).backupPreference).toBe(51);
  });

  test.each([[50], [49], [0]])("%d is not above all primaries", (backupPreference) => {
    expect(() => read({ primaries, backupPreference })).toThrow(
      /^domains\[0\]\.backupPreference \d+ is not greater than 50, the highest preference/,
    );
  });

  test("has no room above 65535", () => {
    const highest = [{ ...MX1, preference: 65535 }];
    expect(() => read({ primaries: highest })).toThrow(/^domains\[0\]\.backupPreference 65545 /);
    expect(read({ primaries: [{ ...MX1, preference: 65525 }] }).backupPreference).toBe(65535);
  });

  describe("where a primary's is known at deploy time only", () => {
    const deferred = [{ ...MX1, preference: -1.8881545897087626e289 }, ...primaries.slice(1)];

    test("must be given", () => {
      expect(() => read({ primaries: deferred })).toThrow(
        /^domains\[0\]\.backupPreference is missing, .*; give the backup a greater one$/,
      );
    });

    test("is compared with those that are known", () => {
      expect(read({ primaries: deferred, backupPreference: 100 }).backupPreference).toBe(100);
      expect(() => read({ primaries: deferred, backupPreference: 50 })).toThrow(/is not greater/);
    });

    test("leaves the primaries in the order of the props", () => {
      const { primaries } = read({ primaries: deferred, backupPreference: 100 });
      expect(primaries.map(({ hostname }) => hostname)).toEqual([
        "mx1.example.com",
        "mx3.example.com",
      ]);
    });
  });
});

describe("the route to the primaries", () => {
  const route = (...primaries: MailDomainProps["primaries"]) => nexthop(read({ primaries }));

  test("names the primaries as they are listed, and never asks for MX records", () => {
    expect(route({ hostname: "mx3.example.com", preference: 20 }, MX1)).toBe(
      "[mx1.example.com]:25, [mx3.example.com]:25",
    );
    expect(route({ ...MX1, port: 25 })).toBe("[mx1.example.com]:25");
  });

  test("goes to a port", () => {
    expect(route({ ...MX1, port: 2525 })).toBe("[mx1.example.com]:2525");
  });

  test("goes to an address", () => {
    expect(route({ ...MX1, address: "10.0.0.5" })).toBe("[10.0.0.5]:25");
    expect(route({ ...MX1, address: "10.0.0.5", port: 2525 })).toBe("[10.0.0.5]:2525");
  });

  test("goes to an IPv6 address", () => {
    expect(route({ ...MX1, address: "2001:db8::5" })).toBe("[2001:db8::5]:25");
  });

  test("names each as it is reached", () => {
    const others = { hostname: "mx3.example.com", preference: 5, port: 2525 };
    expect(route({ ...MX1, address: "10.0.0.5" }, others)).toBe(
      "[mx3.example.com]:2525, [10.0.0.5]:25",
    );
  });

  test("takes an address that is known at deploy time only", () => {
    expect(route({ ...MX1, address: `\${TfToken[TOKEN.5]}` })).toBe(`[\${TfToken[TOKEN.5]}]:25`);
  });

  test.each([
    [""],
    ["mx1.example.com"],
    ["10.0.0"],
    ["10.0.0.256"],
    ["10.0.0.0/8"],
    ["[10.0.0.5]"],
    ["10.0.0.5:25"],
    ["10.0.0.5\n"],
    // An interface of this machine is none of the host.
    ["fe80::1%eth0"],
  ])("%j is not an address", (address) => {
    expect(() => route({ ...MX1, address })).toThrow(
      /^domains\[0\]\.primaries\[0\]\.address ".*" is not an IP address; give one, or leave it out/,
    );
  });

  // ::ffff:127.0.0.1 is 127.0.0.1 written in IPv6.
  test.each([
    ["127.0.0.1"],
    ["127.1.2.3"],
    ["0.0.0.0"],
    ["169.254.169.254"],
    ["224.0.0.1"],
    ["255.255.255.255"],
    ["::"],
    ["::1"],
    ["::ffff:127.0.0.1"],
    ["fe80::1"],
    ["ff02::1"],
  ])("%j is no address of another host", (address) => {
    expect(() => route({ ...MX1, address })).toThrow(
      /^domains\[0\]\.primaries\[0\]\.address ".*" is no address of another host; give the one/,
    );
  });

  test.each([[0], [65536], [25.5], [-25]])("%d is not a port", (port) => {
    expect(() => route({ ...MX1, port })).toThrow(
      /^domains\[0\]\.primaries\[0\]\.port \S+ is out of range; give a whole number from 1 to 65535$/,
    );
  });
});
