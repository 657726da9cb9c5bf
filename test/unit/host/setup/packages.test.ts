import { inPython } from "../../../support/part";
import { describeWith, program } from "../../../support/requirements";

describeWith([program("python3", "python3")], "why a package is not installed", () => {
  const reason = (...lines: string[]) =>
    inPython<string>(["host/setup"], "import packages\nresult = packages.reason(given)", lines);

  test("is that the mirror is not reached, and not what apt lacks because of it", () => {
    expect(
      reason(
        "Ign:1 http://deb.debian.org/debian trixie InRelease",
        "Err:2 http://deb.debian.org/debian trixie Release",
        "Could not connect to deb.debian.org:80 (192.0.2.1), connection timed out",
        "Reading package lists...",
        "E: The repository 'http://deb.debian.org/debian trixie Release' does not have a Release file.",
      ),
    ).toBe(
      "http://deb.debian.org/debian trixie Release: Could not connect to deb.debian.org:80 (192.0.2.1), connection timed out",
    );
  });

  test("is the first error", () => {
    expect(
      reason(
        "Reading package lists...",
        "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 274 (apt-get)",
        "E: Unable to lock directory /var/lib/apt/lists/",
      ),
    ).toBe("E: Could not get lock /var/lib/apt/lists/lock. It is held by process 274 (apt-get)");
    expect(
      reason(
        "Setting up postfix (3.10.13) ...",
        "dpkg: error processing package postfix (--configure):",
        "Errors were encountered while processing:",
        "postfix",
      ),
    ).toBe("dpkg: error processing package postfix (--configure):");
  });

  test("is the last word of whoever says nothing else", () => {
    expect(reason("debconf is not", "in the mood")).toBe("in the mood");
    expect(reason()).toBe("");
  });
});
