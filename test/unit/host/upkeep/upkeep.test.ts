import { inPython, refusals } from "../../../support/part";
import { describeWith, program } from "../../../support/requirements";

describeWith([program("python3", "python3")], "the upkeep of a host", () => {
  test("restarts at a time of day, and at nothing else", () => {
    const times = ["00:00", "23:59"];
    const others = ["24:00", "3:30", "now", "", "03:30\n", '03:30";\nX "', "٠٣:٣٠", 330, null];
    const sections = [...times, ...others].map((restartTime) => ({ restartTime }));
    expect(refusals("host/upkeep/upkeep", [...sections, {}, null])).toEqual([
      ...times.map(() => null),
      ...[...others, {}, null].map(() =>
        expect.stringMatching(/^has no time of day as the restart time of its upkeep, but /),
      ),
    ]);
  });

  test("tells apt, once", () => {
    const lines = `
import os, pathlib, tempfile, upkeep
with tempfile.TemporaryDirectory() as folder:
    upkeep.APT = f"{folder}/60backup-mx"
    upkeep.take({"restartTime": "04:15"}, {})
    first = os.stat(upkeep.APT)
    upkeep.take({"restartTime": "04:15"}, {})
    result = [pathlib.Path(upkeep.APT).read_text(), os.stat(upkeep.APT) == first]
`;
    expect(inPython(["host/upkeep"], lines)).toEqual([
      expect.stringMatching(/^Unattended-Upgrade::Automatic-Reboot-Time "04:15";$/m),
      true,
    ]);
  });
});
