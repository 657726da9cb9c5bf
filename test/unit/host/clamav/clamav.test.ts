import { refusals } from "../../../support/part";

test("ClamAV takes no settings", () => {
  const here = "part.PROGRAM = '/bin/sh'";
  expect(refusals("host/clamav/clamav", [{}, null, { LogFile: "/etc/passwd" }], here)).toEqual([
    null,
    null,
    "has settings for ClamAV, which takes none",
  ]);
});

test("a host without the package refuses the section", () => {
  expect(refusals("host/clamav/clamav", [{}], "part.PROGRAM = '/nowhere'")).toEqual([
    "asks for ClamAV, which this host does not have",
  ]);
});
