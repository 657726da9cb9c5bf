import { refusals } from "../../../support/part";
import { describeWith, program } from "../../../support/requirements";

describeWith([program("python3", "python3")], "the section of undeliverable mail", () => {
  test("has a duration, and nothing else", () => {
    const nonDeliveryReports = "proven";
    const good = ["1s", "5d", "100d"].map((refusedQueueLifetime) => ({
      refusedQueueLifetime,
      nonDeliveryReports,
    }));
    const bad = ["5", "", "-1d", "5 d", "5d\n", "٥d", 5, null, []].map((refusedQueueLifetime) => ({
      refusedQueueLifetime,
      nonDeliveryReports,
    }));
    const shapes = [null, {}, [], { refusedQueueLifetime: "5d" }];
    const others = ["always", null, true, []].map((one) => ({
      refusedQueueLifetime: "5d",
      nonDeliveryReports: one,
    }));
    expect(
      refusals("host/undeliverable/undeliverable", [...good, ...bad, ...shapes, ...others]),
    ).toEqual([
      ...good.map(() => null),
      ...bad.map(() =>
        expect.stringMatching(/^has no duration as the lifetime of refused mail, but /),
      ),
      ...shapes.map(
        () => "has no section undeliverable with nonDeliveryReports and refusedQueueLifetime alone",
      ),
      ...others.map(() => "has nonDeliveryReports that are neither proven nor never"),
    ]);
  });
});
